#include "runtime/container_spec.h"

#include <gtest/gtest.h>

namespace squall::labhost::runtime {
namespace {

Image test_image() {
    return {.name = "t:latest",
            .id = "sha256:00",
            .root = RootKind::machine,
            .entrypoint = {"/entry"},
            .command = {"serve"},
            .environment = {"PATH=/bin", "A=image"},
            .exposed = {"80/tcp"}};
}

Answer<ContainerSpec> parse(std::string_view text) {
    return parse_container_spec(json::parse_object(text).value(), test_image());
}

std::string refusal(std::string_view text) {
    const auto spec = parse(text);
    return spec ? "accepted" : fmt::format("{} {}", spec.error().status, spec.error().message);
}

TEST(ContainerSpec, TakesFromTheImageWhatIsNotSaid) {
    const auto spec = parse(R"({"Image":"t"})").value();
    EXPECT_EQ(spec.argv(), (std::vector<std::string>{"/entry", "serve"}));
    EXPECT_EQ(spec.environment, (std::vector<std::string>{"PATH=/bin", "A=image"}));
    EXPECT_EQ(spec.exposed, std::set<Port>{(Port{80, Protocol::tcp})});
    EXPECT_EQ(spec.network.kind, NetworkKind::bridge);
    EXPECT_EQ(spec.working_directory, "/");
    EXPECT_EQ(spec.stop_signal, SIGTERM);
    EXPECT_EQ(spec.stop_timeout, Seconds(10));
}

TEST(ContainerSpec, HasDockersRulesForCommandAndEntryPoint) {
    const auto argv = [](std::string_view text) {
        return parse(text).value().argv();
    };
    using Texts = std::vector<std::string>;
    EXPECT_EQ(argv(R"({"Cmd":["x","y"]})"), (Texts{"/entry", "x", "y"}));
    EXPECT_EQ(argv(R"({"Cmd":"x y"})"), (Texts{"/entry", "x y"}));
    EXPECT_EQ(argv(R"({"Entrypoint":["/own"]})"), (Texts{"/own"}))
        << "an entry point of its own takes the image's command away";
    EXPECT_EQ(argv(R"({"Entrypoint":[""],"Cmd":["x"]})"), (Texts{"x"}));
    EXPECT_EQ(argv(R"({"Entrypoint":[],"Cmd":null})"), (Texts{"/entry", "serve"}));
    EXPECT_EQ(refusal(R"({"Entrypoint":[""]})"), "400 No command specified");
}

TEST(ContainerSpec, PutsTheRequestsEnvironmentOverTheImages) {
    const auto spec = parse(R"({"Env":["A=own","B=","PATH"]})").value();
    EXPECT_EQ(spec.environment, (std::vector<std::string>{"A=own", "B="}));
}

TEST(ContainerSpec, ReadsPublishedPorts) {
    const auto spec = parse(R"({"ExposedPorts":{"9/udp":{}},"HostConfig":{"PortBindings":{
        "8080/tcp":[{"HostIp":"","HostPort":"0"},{"HostPort":"81"}],"7":[]}}})")
                          .value();
    EXPECT_EQ(
        spec.published,
        (std::vector<PublishedPort>{{{8080, Protocol::tcp}, 0}, {{8080, Protocol::tcp}, 81}}));
    EXPECT_EQ(spec.exposed.size(), 4U) << "7, 80, 8080 and 9/udp";
    EXPECT_EQ(refusal(R"({"HostConfig":{"PortBindings":{"80":[{"HostPort":"x"}]}}})"),
              R"(400 invalid port specification: "x")");
    EXPECT_EQ(
        refusal(R"({"HostConfig":{"PortBindings":{"80":[{"HostIp":"10.0.0.1"}]}}})").substr(0, 3),
        "501");
}

TEST(ContainerSpec, ReadsNetworkModes) {
    const auto kind = [](const std::string& mode) {
        return parse(R"({"HostConfig":{"NetworkMode":")" + mode + R"("}})").value().network.kind;
    };
    EXPECT_EQ(kind("default"), NetworkKind::bridge);
    EXPECT_EQ(kind("bridge"), NetworkKind::bridge);
    EXPECT_EQ(kind("host"), NetworkKind::host);
    EXPECT_EQ(kind("none"), NetworkKind::none);
    EXPECT_EQ(kind("container:x"), NetworkKind::container);
    EXPECT_EQ(refusal(R"({"HostConfig":{"NetworkMode":"mine"}})"), "404 network mine not found");
    EXPECT_EQ(refusal(R"({"Hostname":"h","HostConfig":{"NetworkMode":"container:x"}})"),
              "400 conflicting options: hostname and the network mode");
    EXPECT_EQ(refusal(R"({"HostConfig":{"NetworkMode":"container:x",
                          "PortBindings":{"80":[{"HostPort":"80"}]}}})"),
              "400 conflicting options: port publishing and the container type network mode");
}

TEST(ContainerSpec, ReadsBinds) {
    const auto spec = parse(R"({"HostConfig":{"Binds":["/a:/b","/c:/d/../e/:ro,z"]}})").value();
    EXPECT_EQ(spec.binds, (std::vector<BindMount>{{"/a", "/b", false}, {"/c", "/e/", true}}));
    for (const char* bad :
         {R"(["/a"])", R"(["/a:b"])", R"(["/a:/"])", R"(["/a:/b:rw:x"])", R"(["/a:/b:fast"])"})
        EXPECT_EQ(refusal(fmt::format(R"({{"HostConfig":{{"Binds":{}}}}})", bad)).substr(0, 3),
                  "400")
            << bad;
    EXPECT_EQ(refusal(R"({"HostConfig":{"Binds":["volume:/b"]}})").substr(0, 3), "501");
}

TEST(ContainerSpec, MountsAFolderBeforeThoseInsideIt) {
    const auto spec = parse(R"({"HostConfig":{"Binds":["/1:/a/b/c","/2:/z","/3:/a/b"]}})").value();
    ASSERT_EQ(spec.binds.size(), 3U);
    EXPECT_EQ(spec.binds[0].source, "/2");
    EXPECT_EQ(spec.binds[1].source, "/3");
    EXPECT_EQ(spec.binds[2].source, "/1");
}

TEST(ContainerSpec, TakesAwayAndAddsCapabilitiesAsDockerDoes) {
    const auto capabilities = [](const std::string& lists) {
        return parse(R"({"HostConfig":{)" + lists + "}}").value().capabilities;
    };
    constexpr Capabilities docker_default = 0xa80425fb;
    constexpr Capabilities net_admin = Capabilities{1} << 12U;
    constexpr Capabilities chown = 1;
    EXPECT_EQ(capabilities(R"("CapAdd":[])"), docker_default);
    EXPECT_EQ(capabilities(R"("CapAdd":["NET_ADMIN"])"), docker_default | net_admin);
    EXPECT_EQ(capabilities(R"("CapDrop":["cap_chown"])"), docker_default & ~chown);
    EXPECT_EQ(capabilities(R"("CapDrop":["ALL"],"CapAdd":["chown"])"), chown);
    EXPECT_EQ(capabilities(R"("CapAdd":["ALL"],"CapDrop":["chown"])"), ~chown);
    EXPECT_EQ(capabilities(R"("Privileged":true)"), all_capabilities);
    EXPECT_EQ(refusal(R"({"HostConfig":{"CapAdd":["FLY"]}})"),
              R"(400 invalid CapAdd: unknown capability: "FLY")");
}

TEST(ContainerSpec, WarnsOfALimitThatNobodyKeeps) {
    EXPECT_TRUE(parse("{}").value().warnings.empty());
    EXPECT_EQ(parse(R"({"HostConfig":{"Memory":67108864}})").value().warnings.size(), 1U);
    EXPECT_EQ(parse(R"({"HostConfig":{"NetworkMode":"host","PortBindings":{"80":[{}]}}})")
                  .value()
                  .warnings.size(),
              1U);
    EXPECT_EQ(refusal(R"({"HostConfig":{"Memory":4096}})"),
              "400 Minimum memory limit allowed is 6MB");
}

TEST(ContainerSpec, SaysSoWhereDockerWouldHeedASettingAndALabHostWouldNot) {
    for (const char* body : {R"({"Tty":true})",
                             R"({"User":"nobody"})",
                             R"({"HostConfig":{"RestartPolicy":{"Name":"always"}}})",
                             R"({"HostConfig":{"VolumesFrom":["x"]}})",
                             R"({"HostConfig":{"PidMode":"host"}})",
                             R"({"HostConfig":{"LogConfig":{"Type":"awslogs"}}})",
                             R"({"HostConfig":{"Init":true}})"})
        EXPECT_EQ(refusal(body).substr(0, 3), "501") << body;
    EXPECT_EQ(refusal(R"({"HostConfig":{"RestartPolicy":{"Name":"always"}}})"),
              "501 HostConfig.RestartPolicy always is not implemented by a lab host");
    EXPECT_EQ(refusal(R"({"Tty":false,"User":"root","Healthcheck":{"Test":["NONE"]},"Volumes":null,
                          "HostConfig":{"RestartPolicy":{"Name":"no"},"VolumesFrom":[],"Init":null,
                          "LogConfig":{"Type":"json-file"},"ShmSize":67108864}})"),
              "accepted");
}

TEST(ContainerSpec, RefusesWhatCannotBeMeant) {
    for (const char* body : {R"({"Cmd":[1]})",
                             R"({"Env":{"A":"b"}})",
                             R"({"WorkingDir":"tmp"})",
                             R"({"Hostname":"a b"})",
                             R"({"StopSignal":"SIGNOT"})",
                             R"({"ExposedPorts":{"80/x":{}}})",
                             R"({"Cmd":["a\u0000b"]})",
                             R"({"HostConfig":{"ExtraHosts":["x"]}})"})
        EXPECT_EQ(refusal(body).substr(0, 3), "400") << body;
    json::Array many(list_entries_max + 1, json::Value("A=b"));
    const auto spec = parse_container_spec(json::Object{{"Env", many}}, test_image());
    ASSERT_FALSE(spec);
    EXPECT_EQ(spec.error().status, 400);
}

TEST(ContainerName, IsWhatDockerAllows) {
    for (const char* good : {"a", "ecs-web-1-web-8cd1", "A_b.c-9"})
        EXPECT_TRUE(is_container_name(good)) << good;
    for (const char* bad : {"", "-a", ".a", "a b", "a/b", "ü"})
        EXPECT_FALSE(is_container_name(bad)) << bad;
    EXPECT_TRUE(is_container_name(std::string(128, 'a')));
    EXPECT_FALSE(is_container_name(std::string(129, 'a')));
}

} // namespace
} // namespace squall::labhost::runtime
