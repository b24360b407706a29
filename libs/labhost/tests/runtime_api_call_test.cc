#include "runtime/api_call.h"

#include <gtest/gtest.h>

namespace squall::labhost::runtime {
namespace {

Answer<ApiCall> call(const std::string& target) { return parse_api_call({"GET", target, {}, {}}); }

TEST(ApiCall, IsTheSameWithAndWithoutAVersion) {
    EXPECT_EQ(call("/containers/json?all=1").value().path, "/containers/json");
    const auto versioned = call("/v1.24/containers/json?all=1").value();
    EXPECT_EQ(versioned.path, "/containers/json");
    EXPECT_EQ(versioned.minor, 24);
    EXPECT_TRUE(versioned.flag("all"));
    EXPECT_EQ(call("/version").value().path, "/version") << "a path that only looks like one";
    EXPECT_EQ(call("/volumes").value().path, "/volumes");
}

TEST(ApiCall, TellsClientsWhichVersionsAreSpoken) {
    const auto new_one = call("/v1.44/info").error();
    EXPECT_EQ(new_one.status, 400);
    EXPECT_EQ(new_one.message,
              "client version 1.44 is too new. Maximum supported API version is 1.41");
    EXPECT_EQ(call("/v1.10/info").error().message,
              "client version 1.10 is too old. Minimum supported API version is 1.12, please "
              "upgrade your client to a newer version");
    EXPECT_EQ(call("/v2.0/info").error().status, 400);
    EXPECT_EQ(call("/v1.99999999999/info").error().status, 400);
}

TEST(ApiCall, ReadsFlagsAsDockerDoes) {
    for (const char* value : {"1", "true", "True", "yes", "x"})
        EXPECT_TRUE(call(std::string("/x?f=") + value).value().flag("f")) << value;
    for (const char* value : {"", "0", "false", "FALSE", "no", "none", "%20"})
        EXPECT_FALSE(call(std::string("/x?f=") + value).value().flag("f")) << value;
    EXPECT_FALSE(call("/x").value().flag("f"));
}

TEST(ApiPath, GivesWhatStandsForTheStar) {
    EXPECT_EQ(matched("/containers/abc/start", "/containers/*/start"), "abc");
    EXPECT_EQ(matched("/images/squall/web:latest/json", "/images/*/json"), "squall/web:latest");
    EXPECT_EQ(matched("/images/squall%2Fweb/json", "/images/*/json"), "squall/web");
    EXPECT_EQ(matched("/containers//start", "/containers/*/start"), std::nullopt);
    EXPECT_EQ(matched("/containers/start", "/containers/*/start"), std::nullopt);
    EXPECT_EQ(matched("/_ping", "/_ping"), "");
    EXPECT_EQ(matched("/_ping/", "/_ping"), std::nullopt);
}

TEST(ApiPath, IsKnownToBeDockersOrNot) {
    EXPECT_TRUE(is_docker_path("/events"));
    EXPECT_TRUE(is_docker_path("/containers/x/exec"));
    EXPECT_FALSE(is_docker_path("/"));
    EXPECT_FALSE(is_docker_path("/nothing"));
}

TEST(ApiVersions, AreNewerOnesWhereTheMinimumIs) {
    EXPECT_EQ(api_versions_of("").min, api_minor_min);
    EXPECT_EQ(api_versions_of("1.24").min, 24);
    EXPECT_EQ(api_versions_of("1.24").max, api_minor);
    const ApiVersions newest = api_versions_of("1.44");
    EXPECT_EQ(newest.min, 44);
    EXPECT_TRUE(newest.are_newest());
    const auto refused = parse_api_call({"GET", "/v1.41/version", {}, {}}, newest);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message,
              "client version 1.41 is too old. Minimum supported API version is 1.44, please "
              "upgrade your client to a newer version");
    EXPECT_TRUE(parse_api_call({"GET", "/v1.44/version", {}, {}}, newest));
    EXPECT_TRUE(parse_api_call({"GET", "/version", {}, {}}, newest));
    for (const char* none : {"1.99", "2.0", "1.2", "x", "1."})
        EXPECT_EQ(api_versions_of(none).min, api_minor_min) << none;
}

} // namespace
} // namespace squall::labhost::runtime
