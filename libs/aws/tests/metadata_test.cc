#include "squall/aws/metadata.h"

#include "fake_instance.h"

#include <gtest/gtest.h>

namespace squall::aws {
namespace {

class MetadataTest : public testing::Test {
protected:
    Result<std::string> get(const std::string& path) {
        return client.get(path, clock.in(Seconds(60)), {});
    }

    std::string asked_with(const Environment::Variables& variables) {
        MetadataClient other(
            instance, clock, Environment(variables), SharedConfig::load(Environment()).value());
        instance.asked.clear();
        (void)other.get("x", clock.in(Seconds(60)), {});
        return instance.asked.empty() ? "" : instance.asked.front();
    }

    FakeClock clock;
    FakeInstance instance{clock};
    MetadataClient client{
        instance, clock, Environment(), SharedConfig::load(Environment()).value()};
};

TEST_F(MetadataTest, AsksForATokenOnceAndUsesItForEverything) {
    instance.items = {{"placement/region", "eu-west-1"}, {"instance-id", "i-1"}};
    EXPECT_EQ(get("placement/region").value(), "eu-west-1");
    EXPECT_EQ(get("instance-id").value(), "i-1");
    EXPECT_EQ(
        instance.asked,
        (std::vector<std::string>{"http://169.254.169.254 PUT /latest/api/token",
                                  "http://169.254.169.254 GET /latest/meta-data/placement/region",
                                  "http://169.254.169.254 GET /latest/meta-data/instance-id"}));
}

TEST_F(MetadataTest, ARefusedTokenIsReplacedOnce) {
    instance.items = {{"instance-id", "i-1"}};
    EXPECT_EQ(get("instance-id").value(), "i-1");
    instance.forget_tokens();
    EXPECT_EQ(get("instance-id").value(), "i-1");
    EXPECT_EQ(instance.asked.size(), 5U); // PUT GET, then GET (401) PUT GET
}

TEST_F(MetadataTest, ATokenPastItsLifetimeIsNotUsedAnyMore) {
    instance.items = {{"instance-id", "i-1"}};
    EXPECT_TRUE(get("instance-id"));
    clock.advance(MetadataClient::token_lifetime);
    EXPECT_TRUE(get("instance-id"));
    EXPECT_EQ(instance.asked[2], "http://169.254.169.254 PUT /latest/api/token");
}

TEST_F(MetadataTest, AnItemThatIsNotThereIsNotFound) {
    EXPECT_EQ(get("nothing").error().code, Errc::not_found);
}

TEST_F(MetadataTest, SilenceEndsAfterAFewShortTries) {
    instance.is_there = false;
    const auto start = clock.now();
    const auto nothing = get("instance-id");
    ASSERT_FALSE(nothing);
    EXPECT_EQ(nothing.error().code, Errc::unavailable);
    EXPECT_NE(nothing.error().message.find("hop limit"), std::string::npos);
    EXPECT_EQ(clock.now() - start, MetadataClient::try_timeout * MetadataClient::tries_max);
}

TEST_F(MetadataTest, NeverTakesLongerThanTheCallersDeadline) {
    instance.is_there = false;
    const auto start = clock.now();
    EXPECT_FALSE(client.get("x", clock.in(Millis(300)), {}));
    EXPECT_EQ(clock.now() - start, Millis(300));
}

TEST_F(MetadataTest, CanBeSwitchedOff) {
    MetadataClient off(instance,
                       clock,
                       Environment{{"AWS_EC2_METADATA_DISABLED", "true"}},
                       SharedConfig::load(Environment()).value());
    EXPECT_EQ(off.get("x", clock.in(Seconds(60)), {}).error().code, Errc::refused);
    EXPECT_TRUE(instance.asked.empty());
}

TEST_F(MetadataTest, ItsAddressCanBeGiven) {
    EXPECT_EQ(asked_with({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:99/base/"}}),
              "http://127.0.0.1:99 PUT /base/latest/api/token");
    EXPECT_EQ(asked_with({{"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6"}}),
              "http://[fd00:ec2::254] PUT /latest/api/token");
    EXPECT_EQ(asked_with({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "nonsense"}}), "");
}

} // namespace
} // namespace squall::aws
