#include "runtime/container.h"
#include "runtime/container_filter.h"
#include "runtime/container_json.h"
#include "runtime/state_store.h"
#include "squall/base/temporary_folder.h"

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

namespace squall::labhost::runtime {
namespace {

constexpr WallTime start_of_test = WallTime(std::chrono::seconds(1'795'000'000));

Container test_container() {
    Container container;
    container.id = std::string(63, 'a') + "1";
    container.name = "web-1";
    container.created = start_of_test;
    container.request = json::parse_object(R"({"Image":"squall/web","Labels":{"team":"blue"},
        "HostConfig":{"PortBindings":{"8080/tcp":[{"HostPort":""}]}}})")
                            .value();
    container.spec = parse_container_spec(container.request, built_in_images()[0]).value();
    return container;
}

Container running_container() {
    Container container = test_container();
    container.state = {Status::running, 77, 123456, 0, {}, start_of_test, {}};
    container.endpoint =
        Endpoint{std::string(64, 'e'), 2, "vethaaaaaaaa", {{{8080, Protocol::tcp}, 32768}}};
    return container;
}

json::Object inspect(const Container& container) {
    return inspected(container, built_in_images()[0], "/log");
}

TEST(Container, IsReadBackAsItWasWritten) {
    const Container container = running_container();
    const auto text = json::text(to_json(container));
    const auto stored = stored_container(json::parse_object(text).value()).value();
    EXPECT_EQ(stored.id, container.id);
    EXPECT_EQ(stored.name, container.name);
    EXPECT_EQ(stored.created, container.created);
    EXPECT_EQ(stored.request, container.request);
    EXPECT_EQ(stored.state.status, Status::running);
    EXPECT_EQ(stored.state.pid, 77);
    EXPECT_EQ(stored.state.pid_start_time, 123456U);
    EXPECT_EQ(stored.state.started_at, start_of_test);
    EXPECT_EQ(stored.state.finished_at, std::nullopt);
    ASSERT_TRUE(stored.endpoint);
    EXPECT_EQ(stored.endpoint->address(), "172.17.0.2");
    EXPECT_EQ(stored.endpoint->ports, container.endpoint->ports);
}

TEST(Container, IsNotReadFromWhatIsNone) {
    for (const char* text :
         {"{}",
          R"({"id":"abc","name":"x"})",
          R"({"id":"0000000000000000000000000000000000000000000000000000000000000000",
                                "name":"x","endpoint":{"veth":"v","host_part":0}})"})
        EXPECT_FALSE(stored_container(json::parse_object(text).value())) << text;
}

TEST(StateStore, KeepsContainersAndLeavesAloneWhatItCannotRead) {
    const TemporaryFolder folder;
    const StateStore store{folder.path()};
    const Container container = running_container();
    ASSERT_TRUE(store.save(container));
    std::filesystem::create_directories(folder / "broken");
    std::ofstream(folder / "broken" / "config.json") << "{";
    const auto loaded = store.load();
    ASSERT_EQ(loaded.size(), 1U);
    EXPECT_EQ(loaded[0].id, container.id);

    struct stat info {};

    ASSERT_EQ(::stat((folder / container.id / "config.json").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U) << "an environment may hold secrets";
    EXPECT_TRUE(store.remove(container.id));
    EXPECT_TRUE(store.load().empty());
    EXPECT_TRUE(std::filesystem::exists(folder / "broken" / "config.json"));
}

TEST(ContainerJson, ShowsWhereARunningContainerIsReached) {
    const auto shown = inspect(running_container());
    EXPECT_EQ(json::string_at(shown, "Name"), "/web-1");
    const auto& state = json::object_at(shown, "State");
    EXPECT_TRUE(json::bool_at(state, "Running"));
    EXPECT_EQ(json::integer_at(state, "Pid"), 77);
    EXPECT_EQ(json::string_at(state, "FinishedAt"), "0001-01-01T00:00:00Z");
    const auto& network = json::object_at(shown, "NetworkSettings");
    EXPECT_EQ(json::string_at(network, "IPAddress"), "172.17.0.2");
    EXPECT_EQ(json::text(json::at(network, "Ports")),
              R"({"8080/tcp":[{"HostIp":"0.0.0.0","HostPort":"32768"}]})");
    EXPECT_EQ(json::string_at(json::at(json::at(network, "Networks"), "bridge"), "MacAddress"),
              "02:42:ac:11:00:02");
}

TEST(ContainerJson, ShowsNoAddressOfAStoppedOne) {
    Container container = running_container();
    container.state = {Status::exited, 0, 0, 137, {}, start_of_test, start_of_test + Seconds(1)};
    container.endpoint.reset();
    const auto shown = inspect(container);
    EXPECT_EQ(json::integer_at(json::object_at(shown, "State"), "ExitCode"), 137);
    EXPECT_EQ(json::text(json::at(json::at(shown, "NetworkSettings"), "Ports")), "{}");
    EXPECT_EQ(json::string_at(json::at(shown, "NetworkSettings"), "IPAddress"), "");
}

TEST(ContainerJson, NamesTheHostAfterTheIdWhereNoNameWasGiven) {
    Container container = test_container();
    EXPECT_EQ(json::string_at(json::at(inspect(container), "Config"), "Hostname"), "aaaaaaaaaaaa");
    container.spec.hostname = "own";
    EXPECT_EQ(json::string_at(json::at(inspect(container), "Config"), "Hostname"), "own");
}

TEST(ContainerJson, SaysRoughlyHowLong) {
    EXPECT_EQ(rough_duration(Seconds(0)), "Less than a second");
    EXPECT_EQ(rough_duration(Seconds(1)), "1 second");
    EXPECT_EQ(rough_duration(Seconds(59)), "59 seconds");
    EXPECT_EQ(rough_duration(Seconds(60)), "About a minute");
    EXPECT_EQ(rough_duration(Seconds(180)), "3 minutes");
    EXPECT_EQ(rough_duration(Seconds(3600)), "About an hour");
    EXPECT_EQ(rough_duration(Seconds(7200)), "2 hours");
    EXPECT_EQ(rough_duration(Seconds(72 * 3600)), "3 days");
    ContainerState state{Status::exited, 0, 0, 3, {}, start_of_test, start_of_test};
    EXPECT_EQ(status_text(state, start_of_test + Seconds(5)), "Exited (3) 5 seconds ago");
}

bool passes(std::string_view filter, const Container& container) {
    return ContainerFilter::parse(filter).value().passes(container);
}

TEST(ContainerFilter, WantsAllLabelsAndAnyOfTheOthers) {
    const Container container = running_container();
    EXPECT_TRUE(passes("", container));
    EXPECT_TRUE(passes(R"({"label":["team"]})", container));
    EXPECT_TRUE(passes(R"({"label":["team=blue"]})", container));
    EXPECT_TRUE(passes(R"({"label":{"team=blue":true}})", container)) << "older clients' form";
    EXPECT_FALSE(passes(R"({"label":["team=red"]})", container));
    EXPECT_FALSE(passes(R"({"label":["team","other"]})", container));
    EXPECT_TRUE(passes(R"({"status":["exited","running"]})", container));
    EXPECT_FALSE(passes(R"({"status":["exited"]})", container));
    EXPECT_TRUE(passes(R"({"name":["web"]})", container));
    EXPECT_TRUE(passes(R"({"name":["^/web-1$"]})", container));
    EXPECT_FALSE(passes(R"({"name":["^eb"]})", container));
    EXPECT_TRUE(passes(R"({"id":["aaaa"],"name":["x","web-1"]})", container));
    EXPECT_FALSE(passes(R"({"id":["bbbb"],"name":["web-1"]})", container));
    EXPECT_FALSE(passes(R"({"exited":["0"]})", container));
}

TEST(ContainerFilter, RefusesWhatDockerRefusesAndNamesWhatItLacks) {
    const auto status = [](std::string_view text) {
        const auto filter = ContainerFilter::parse(text);
        return filter ? 200 : filter.error().status;
    };
    EXPECT_EQ(status("{"), 400);
    EXPECT_EQ(status(R"({"colour":["red"]})"), 400);
    EXPECT_EQ(status(R"({"status":["happy"]})"), 400);
    EXPECT_EQ(status(R"({"ancestor":["x"]})"), 501);
    EXPECT_EQ(status(R"({"name":["a.*b"]})"), 501);
    EXPECT_EQ(status(R"({"label":"x"})"), 400);
    json::Array many(list_entries_max + 1, json::Value("x"));
    EXPECT_EQ(status(json::text(json::Object{{"label", many}})), 400);
}

} // namespace
} // namespace squall::labhost::runtime
