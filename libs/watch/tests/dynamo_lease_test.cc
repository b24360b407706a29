#include "squall/watch/dynamo_lease.h"

#include "fake_dynamo.h"
#include "fake_process.h"

#include <gtest/gtest.h>

namespace squall::watch {
namespace {

struct Holder {
    explicit Holder(FakeDynamo& dynamo) : process(dynamo) {}

    FakeProcess<> process;
    DynamoLease lease{process.client, process.clock, {"monitor"}, "deliver#sns"};
};

TEST(DynamoLease, OnlyOneHasItUntilItIsGivenBack) {
    FakeDynamo dynamo;
    Holder one(dynamo);
    Holder other(dynamo);
    const WallTime until = one.process.clock.wall() + Seconds(60);
    EXPECT_TRUE(one.lease.take(until).value());
    EXPECT_TRUE(one.lease.take(until).value()) << "it is its own already";
    EXPECT_FALSE(other.lease.take(until).value());
    ASSERT_TRUE(other.lease.give_back()) << "of nothing";
    EXPECT_FALSE(other.lease.take(until).value());
    ASSERT_TRUE(one.lease.give_back());
    EXPECT_TRUE(other.lease.take(until).value());
}

TEST(DynamoLease, EndsByItselfWhereItsHolderDied) {
    FakeDynamo dynamo;
    Holder one(dynamo);
    Holder other(dynamo);
    EXPECT_TRUE(one.lease.take(one.process.clock.wall() + Seconds(60)).value());
    other.process.clock.advance(Seconds(61));
    EXPECT_TRUE(other.lease.take(other.process.clock.wall() + Seconds(60)).value());
    ASSERT_TRUE(one.lease.give_back());
    EXPECT_EQ(dynamo.count("lease"), 1U) << "it is the other's";
}

} // namespace
} // namespace squall::watch
