// What becomes of a commit whose writer dies at any of its requests.
#include "fake_dynamo.h"
#include "fake_process.h"
#include "squall/base/text.h"
#include "squall/watch/dynamo_store.h"

#include <gtest/gtest.h>

namespace squall::watch {
namespace {

const std::string cluster = "arn:aws:ecs:us-east-1:123456789012:cluster/demo";

struct Writer {
    explicit Writer(FakeDynamo& dynamo) : process(dynamo) {}

    Result<void> load() {
        state = monitor::State();
        return store->load(state);
    }

    // Makes `count` hosts anew with this mark, and tells of as many as `notices`.
    Result<void> commit(int count, std::uint32_t mark, int notices) {
        Commit commit;
        for (int i = 0; i < count; ++i) {
            monitor::Host& host = state.host(cluster, fmt::format("i-{:017x}", i));
            host.disconnects = mark;
            // What does not compress: a large commit has several pieces.
            host.incident = text;
            state.touch(host);
        }
        commit.changes = state.take_changes();
        for (int i = 0; i < notices; ++i)
            commit.outbox.push_back({0, "sns", fmt::format("{}-{}", mark, i), "s", "b", {}});
        return store->commit(commit);
    }

    // How many hosts have this mark.
    [[nodiscard]] int marked(std::uint32_t mark) const {
        int found = 0;
        state.for_each_host(
            [&](const monitor::Host& host) { found += host.disconnects == mark ? 1 : 0; });
        return found;
    }

    [[nodiscard]] std::size_t waiting() const {
        return store->outbox("sns", process.clock.wall(), 10'000).value().size();
    }

    FakeProcess<> process;
    std::unique_ptr<Store> store = dynamo_store(process.client, process.clock, {"monitor"});
    monitor::State state;
    std::string text;
};

struct Case {
    int hosts;
    int notices;
    std::size_t text;
    bool is_large; // more than one transaction
};

class CommitTest : public testing::TestWithParam<Case> {};

// One state of the world for each request that a commit makes, and for whether it had its effect.
TEST_P(CommitTest, IsThereAsAWholeOrNotAtAllWhereverItsWriterDies) {
    const Case& given = GetParam();
    for (const auto death : {FakeDynamo::Death::before, FakeDynamo::Death::after}) {
        int whole = 0;
        int none = 0;
        for (int at = 0;; ++at) {
            FakeDynamo dynamo;
            Writer writer(dynamo);
            ASSERT_TRUE(writer.load());
            ASSERT_TRUE(writer.commit(given.hosts, 1, 1));
            writer.text = random_hex(given.text);
            dynamo.die_at(at, death);
            const bool was_told = writer.commit(given.hosts, 2, given.notices).has_value();
            const bool has_died = dynamo.has_died();
            dynamo.live();
            Writer next(dynamo);
            ASSERT_TRUE(next.load());
            const int now = next.marked(2);
            ASSERT_EQ(now + next.marked(1), given.hosts);
            ASSERT_TRUE(now == 0 || now == given.hosts) << now << " after dying at " << at;
            // The first commit's one, and the notices of the second if it is there.
            ASSERT_EQ(next.waiting(), 1U + static_cast<std::size_t>(now == 0 ? 0 : given.notices));
            ASSERT_TRUE(!was_told || now == given.hosts) << "it was told that it is there";
            ++(now == 0 ? none : whole);
            // Life goes on, and leaves nothing behind.
            ASSERT_TRUE(next.commit(1, 3, 0));
            ASSERT_TRUE(next.load());
            EXPECT_EQ(dynamo.count("pending"), 0U) << "after dying at " << at;
            if (!has_died) break;
        }
        EXPECT_GE(none, death == FakeDynamo::Death::before ? 2 : 1);
        EXPECT_GE(whole, given.is_large ? 4 : 1);
    }
}

INSTANTIATE_TEST_SUITE_P(Sizes,
                         CommitTest,
                         testing::Values(Case{5, 2, 10, false},
                                         Case{250, 3, 10, true},
                                         // Several pieces of 350 KB.
                                         Case{80, 150, 12'000, true}));

TEST(LargeCommit, WhoIsOvertakenDoesNotUndoWhatCameAfterIt) {
    FakeDynamo dynamo;
    Writer slow(dynamo);
    Writer fast(dynamo);
    ASSERT_TRUE(slow.load());
    ASSERT_TRUE(slow.commit(300, 1, 0));
    // When the slow one has applied a part of it, another loads (which finishes it) and goes on.
    const int begun = dynamo.requests();
    int requests = 0;
    {
        FakeDynamo measured;
        Writer writer(measured);
        ASSERT_TRUE(writer.load());
        ASSERT_TRUE(writer.commit(300, 1, 0));
        requests = measured.requests();
        ASSERT_TRUE(writer.commit(300, 2, 0));
        requests = measured.requests() - requests;
    }
    // One piece, the head, then four transactions: before the second of these.
    ASSERT_GE(requests, 6);
    dynamo.before(3, [&] {
        ASSERT_TRUE(fast.load());
        ASSERT_EQ(fast.marked(2), 300);
        ASSERT_TRUE(fast.commit(300, 3, 0));
    });
    EXPECT_TRUE(slow.commit(300, 2, 0)) << "it is there, whoever has applied it";
    EXPECT_GT(dynamo.requests(), begun);
    Writer reader(dynamo);
    ASSERT_TRUE(reader.load());
    EXPECT_EQ(reader.marked(3), 300);
    EXPECT_FALSE(slow.commit(300, 4, 0)) << "it has not seen the other's";
}

TEST(LargeCommit, TwoAtTheSameTimeAreOneAndAConflict) {
    FakeDynamo dynamo;
    Writer one(dynamo);
    Writer other(dynamo);
    ASSERT_TRUE(one.load());
    ASSERT_TRUE(other.load());
    // The other begins and ends between the first one's pieces and its head.
    dynamo.before(1, [&] { ASSERT_TRUE(other.commit(250, 2, 0)); });
    EXPECT_EQ(one.commit(250, 1, 0).error().code, Errc::conflict);
    ASSERT_TRUE(one.load());
    EXPECT_EQ(one.marked(2), 250);
    EXPECT_EQ(dynamo.count("pending"), 0U);
}

TEST(LargeCommit, WhatIsFewItemsAndManyBytesIsLargeToo) {
    FakeDynamo dynamo;
    Writer one(dynamo);
    Writer other(dynamo);
    ASSERT_TRUE(one.load());
    one.text = random_hex(120'000);
    ASSERT_TRUE(one.commit(70, 1, 0));
    EXPECT_EQ(dynamo.transactions(), 2) << "of 4 MB at the most";
    ASSERT_TRUE(other.load());
    EXPECT_EQ(other.marked(1), 70);
}

TEST(LargeCommit, PiecesOfAWriterThatIsStillAtItStay) {
    FakeDynamo dynamo;
    Writer one(dynamo);
    Writer other(dynamo);
    ASSERT_TRUE(one.load());
    dynamo.before(1, [&] { ASSERT_TRUE(other.load()); });
    EXPECT_TRUE(one.commit(250, 1, 0));
    ASSERT_TRUE(other.load());
    EXPECT_EQ(other.marked(1), 250);
}

TEST(LargeCommit, NothingOfItIsToldBeforeItCannotComeAgain) {
    FakeDynamo dynamo;
    Writer one(dynamo);
    Writer other(dynamo);
    ASSERT_TRUE(one.load());
    ASSERT_TRUE(one.commit(1, 1, 1));
    std::size_t seen = 0;
    // The last transaction of it: most entries are in the table.
    dynamo.before(10, [&] { seen = other.waiting(); });
    EXPECT_TRUE(one.commit(1, 2, 400));
    EXPECT_EQ(seen, 1U) << "the earlier commit's";
    EXPECT_EQ(other.waiting(), 401U);
}

} // namespace
} // namespace squall::watch
