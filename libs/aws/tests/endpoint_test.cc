#include "squall/aws/endpoint.h"

#include "fake_instance.h"
#include "squall/base/temporary_folder.h"

#include <gtest/gtest.h>

namespace squall::aws {
namespace {

struct Given {
    Environment::Variables variables;
    std::string config;
};

class EndpointTest : public testing::Test {
protected:
    SharedConfig config_of(const Given& given) {
        const auto file = home.file("config", given.config);
        return SharedConfig::load(Environment{{"AWS_CONFIG_FILE", file}}).value();
    }

    Result<Endpoint> endpoint(ServiceId service, const Given& given) {
        return resolve_endpoint(
            service, "eu-west-1", Environment(given.variables), config_of(given));
    }

    std::string host(ServiceId service, const Given& given) {
        return endpoint(service, given).value().url.host;
    }

    Result<Region> region(const Given& given, std::string_view named = {}) {
        const Environment environment(given.variables);
        const auto config = config_of(given);
        MetadataClient metadata(instance, clock, environment, config);
        return resolve_region({named, environment, config, metadata}, clock.in(Seconds(60)), {});
    }

    TemporaryFolder home;
    FakeClock clock;
    FakeInstance instance{clock};
};

// All four places name an endpoint; taking away the first gives the second, and so on.
TEST_F(EndpointTest, TheMostSpecificVariableWinsThenTheGlobalOneThenTheProfile) {
    Given given{{{"AWS_ENDPOINT_URL_ECS", "http://service-variable:1"},
                 {"AWS_ENDPOINT_URL", "http://global-variable:1"}},
                "[default]\nendpoint_url = http://global-profile:1\nservices = s\n"
                "[services s]\necs =\n  endpoint_url = http://service-profile:1\n"};
    EXPECT_EQ(host(ServiceId::ecs, given), "service-variable");
    EXPECT_EQ(host(ServiceId::ssm, given), "global-variable");
    given.variables.erase("AWS_ENDPOINT_URL_ECS");
    EXPECT_EQ(host(ServiceId::ecs, given), "global-variable");
    given.variables.erase("AWS_ENDPOINT_URL");
    EXPECT_EQ(host(ServiceId::ecs, given), "service-profile");
    EXPECT_EQ(host(ServiceId::ssm, given), "global-profile");
    given.config = "[default]\nendpoint_url = http://global-profile:1\n";
    EXPECT_EQ(host(ServiceId::ecs, given), "global-profile");
    given.config = "";
    EXPECT_EQ(host(ServiceId::ecs, given), "ecs.eu-west-1.amazonaws.com");
}

TEST_F(EndpointTest, ConfiguredOnesCanBeIgnored) {
    Given given{{{"AWS_ENDPOINT_URL", "http://variable:1"},
                 {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "TRUE"}},
                "[default]\nendpoint_url = http://profile:1\n"};
    EXPECT_EQ(host(ServiceId::sts, given), "sts.eu-west-1.amazonaws.com");
    given.variables.erase("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
    given.config += "ignore_configured_endpoint_urls = true\n";
    EXPECT_EQ(host(ServiceId::sts, given), "sts.eu-west-1.amazonaws.com");
    given.variables["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "false";
    EXPECT_EQ(host(ServiceId::sts, given), "variable");
}

TEST_F(EndpointTest, EveryServiceHasItsVariable) {
    const Given given{{{"AWS_ENDPOINT_URL_ECS", "http://a:1"},
                       {"AWS_ENDPOINT_URL_SSM", "http://b:1"},
                       {"AWS_ENDPOINT_URL_EC2", "http://c:1"},
                       {"AWS_ENDPOINT_URL_STS", "http://d:1/path"},
                       {"AWS_ENDPOINT_URL_SQS", "http://e:1"},
                       {"AWS_ENDPOINT_URL_EVENTBRIDGE", "http://f:1"},
                       {"AWS_ENDPOINT_URL_AUTO_SCALING", "http://g:1"},
                       {"AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", "http://h:1"}},
                      {}};
    const auto all =
        Endpoints::resolve("eu-west-1", Environment(given.variables), config_of(given)).value();
    EXPECT_EQ(all.of(ServiceId::ecs).url.host, "a");
    EXPECT_EQ(all.of(ServiceId::ssm).url.host, "b");
    EXPECT_EQ(all.of(ServiceId::ec2).url.host, "c");
    EXPECT_EQ(all.of(ServiceId::sqs).url.host, "e");
    EXPECT_EQ(all.of(ServiceId::events).url.host, "f");
    EXPECT_EQ(all.of(ServiceId::autoscaling).url.host, "g");
    EXPECT_EQ(all.of(ServiceId::logs).url.host, "h");
    EXPECT_EQ(all.of(ServiceId::sns).url.host, "sns.eu-west-1.amazonaws.com");
    EXPECT_EQ(all.of(ServiceId::dynamodb).url.host, "dynamodb.eu-west-1.amazonaws.com");
    EXPECT_EQ(all.of(ServiceId::sts).url.target, "/path");
    EXPECT_EQ(all.of(ServiceId::sts).source, "AWS_ENDPOINT_URL_STS");
    EXPECT_EQ(all.region(), "eu-west-1");
}

TEST_F(EndpointTest, WhatIsNoEndpointIsRefusedWithItsPlace) {
    for (const char* bad : {"localhost:4566", "ftp://h", "http://h/?a=b", "http://user:pw@h/"}) {
        const auto found = endpoint(ServiceId::ecs, {{{"AWS_ENDPOINT_URL", bad}}, {}});
        ASSERT_FALSE(found) << bad;
        EXPECT_NE(found.error().message.find("AWS_ENDPOINT_URL"), std::string::npos);
        EXPECT_EQ(found.error().message.find("pw@"), std::string::npos);
    }
}

TEST_F(EndpointTest, ThePortalOfSingleSignOnIsAServiceLikeTheOthers) {
    const auto portal = [&](const Given& given) {
        return resolve_sso_portal("eu-west-1", Environment(given.variables), config_of(given))
            .value()
            .url.host;
    };
    EXPECT_EQ(portal({}), "portal.sso.eu-west-1.amazonaws.com");
    EXPECT_EQ(
        portal({{{"AWS_ENDPOINT_URL_SSO", "http://a:1"}, {"AWS_ENDPOINT_URL", "http://b:1"}}, {}}),
        "a");
    EXPECT_EQ(
        portal({{}, "[default]\nservices = s\n[services s]\nsso =\n  endpoint_url = http://c\n"}),
        "c");
}

TEST(DnsSuffix, IsThatOfTheRegionsPartition) {
    EXPECT_EQ(dns_suffix("us-east-1"), "amazonaws.com");
    EXPECT_EQ(dns_suffix("cn-north-1"), "amazonaws.com.cn");
    EXPECT_EQ(dns_suffix("us-gov-west-1"), "amazonaws.com");
    EXPECT_EQ(dns_suffix("us-iso-east-1"), "c2s.ic.gov");
    EXPECT_EQ(dns_suffix("us-isob-east-1"), "sc2s.sgov.gov");
    EXPECT_EQ(dns_suffix("eu-isoe-west-1"), "cloud.adc-e.uk");
    EXPECT_EQ(dns_suffix("us-isof-south-1"), "csp.hci.ic.gov");
    EXPECT_EQ(dns_suffix("eusc-de-east-1"), "amazonaws.eu");
}

TEST_F(EndpointTest, TheRegionIsTakenFromTheFirstPlaceThatNamesOne) {
    instance.items["placement/region"] = "from-instance\n";
    Given given{{{"AWS_REGION", "from-variable"}, {"AWS_DEFAULT_REGION", "from-default"}},
                "[default]\nregion = from-profile\n"};
    EXPECT_EQ(region(given, "from-command").value().name, "from-command");
    EXPECT_EQ(region(given).value().name, "from-variable");
    given.variables.erase("AWS_REGION");
    EXPECT_EQ(region(given).value().name, "from-default");
    given.variables.erase("AWS_DEFAULT_REGION");
    EXPECT_EQ(region(given).value().name, "from-profile");
    EXPECT_EQ(region(given).value().source, "profile 'default'");
    EXPECT_TRUE(instance.asked.empty()) << "metadata is the last resort";
    given.config = "";
    EXPECT_EQ(region(given).value().name, "from-instance");
}

TEST_F(EndpointTest, NoRegionAnywhereIsAnErrorThatSaysWhereItLooked) {
    instance.is_there = false;
    const auto none = region({});
    ASSERT_FALSE(none);
    for (const char* place : {"AWS_REGION", "AWS_DEFAULT_REGION", "'default'", "169.254.169.254"})
        EXPECT_NE(none.error().message.find(place), std::string::npos) << none.error().message;
}

TEST_F(EndpointTest, ARegionThatWouldLeadElsewhereIsRefused) {
    for (const char* bad :
         {"evil.example/", "us east 1", "US-EAST-1", "-", "us-east-1.evil", "a@b"})
        EXPECT_FALSE(region({}, bad)) << bad;
}

} // namespace
} // namespace squall::aws
