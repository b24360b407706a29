// The whole runtime: a real dockerd in namespaces of its own, real containers, real rules. As root
// only.
#include "runtime/engine.h"
#include "runtime_host.h"
#include "squall/base/text.h"
#include "squall/transport/socket.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <csignal>

namespace squall::labhost::runtime {
namespace {

class Runtime : public testing::Test {
protected:
    void SetUp() override {
        if (::geteuid() != 0)
            GTEST_SKIP() << "NOT TESTED: the container runtime is tested as root only";
        host_ = std::make_unique<TestHost>();
        dockerd_ = host_->start_dockerd();
    }

    // Nothing a test does is worth a warning.
    void TearDown() override {
        if (!host_) return;
        const std::string said = dockerd_.said();
        EXPECT_EQ(said.find(" warning: "), std::string::npos) << said;
        EXPECT_EQ(said.find(" error: "), std::string::npos) << said;
    }

    // A web container with a published port, when it answers.
    std::string start_web(const std::string& name, const std::string& host_port = "") {
        const json::Object body{
            {"Image", "squall/web"},
            {"HostConfig",
             json::Object{{"PortBindings",
                           json::Object{{"8080/tcp",
                                         json::Array{json::Object{{"HostPort", host_port}}}}}}}}};
        std::string id = host_->start_container(name, body);
        EXPECT_TRUE(host_->wait_for_log(id, "listening on port 8080"));
        return id;
    }

    std::string start_shell(const std::string& name, const std::string& script) {
        return host_->start_container(name, shell(script));
    }

    static json::Object shell(const std::string& script) {
        return {{"Image", "squall/shell"}, {"Cmd", json::Array{"sh", "-c", script}}};
    }

    std::string curl(const std::string& url) const {
        return host_->run({"curl", "--silent", "--show-error", "--max-time", "20", url});
    }

    std::string host_port_of(const std::string& id) {
        const auto inspected = host_->inspect(id);
        const auto& ports = json::object_at(json::at(inspected, "NetworkSettings"), "Ports");
        const auto& bindings = json::array_at(ports, "8080/tcp");
        return bindings.empty() ? "" : std::string(json::string_at(bindings.front(), "HostPort"));
    }

    std::string state_of(const std::string& id) {
        const auto inspected = host_->inspect(id);
        const auto& state = json::at(inspected, "State");
        return fmt::format(
            "{} {}", json::string_at(state, "Status"), json::integer_at(state, "ExitCode"));
    }

    std::unique_ptr<TestHost> host_;
    HostProcess dockerd_;
};

std::string address_of(const json::Value& inspected) {
    return std::string(json::string_at(json::at(inspected, "NetworkSettings"), "IPAddress"));
}

TEST_F(Runtime, AWebContainerAnswersOnItsAddressAndOnItsPublishedPort) {
    const std::string id = start_web("web");
    const auto inspected = host_->inspect(id);
    const std::string port = host_port_of(id);
    EXPECT_EQ(address_of(inspected), "172.17.0.2");
    EXPECT_EQ(curl("http://172.17.0.2:8080/health"), "ok");
    EXPECT_EQ(curl("http://172.17.0.1:" + port + "/health"), "ok");
    const auto page = curl("http://172.17.0.2:8080/");
    EXPECT_NE(page.find("<td>" + id.substr(0, 12) + "</td>"), std::string::npos)
        << "the container's host name is the beginning of its id: " << page;
    EXPECT_EQ(host_->call("POST", "/containers/web/start").status, 304);
    EXPECT_EQ(host_->call("HEAD", "/_ping").status, 200);
    EXPECT_EQ(host_->call("GET", "/v1.41/_ping").body, "OK");
}

TEST_F(Runtime, ContainersReachEachOtherAlsoByThePublishedPortOfTheirHost) {
    start_web("web", "8081");
    const auto id = start_shell("caller",
                                "curl --silent --max-time 20 http://172.17.0.2:8080/health && "
                                "curl --silent --max-time 20 http://172.17.0.1:8081/health");
    EXPECT_EQ(host_->wait_for_end(id), 0);
    EXPECT_EQ(host_->log_of(id), "okok");
}

TEST_F(Runtime, AStopLetsTheProgramEndByItself) {
    const auto id = start_web("web");
    EXPECT_EQ(host_->call("POST", "/containers/web/stop?t=30").status, 204);
    EXPECT_EQ(state_of(id), "exited 0");
    EXPECT_EQ(host_->call("POST", "/containers/web/stop").status, 304);
    EXPECT_EQ(host_->call("POST", "/containers/web/start").status, 204) << "and it can come back";
    EXPECT_EQ(state_of(id), "running 0");
}

TEST_F(Runtime, AProgramThatDoesNotHearTheStopIsKilledWhenItsTimeIsOver) {
    const auto id = start_shell("deaf", "echo up; while :; do sleep 60; done");
    EXPECT_TRUE(host_->wait_for_log(id, "up"));
    const auto before = Steady::now();
    EXPECT_EQ(host_->call("POST", "/containers/deaf/stop?t=1").status, 204);
    EXPECT_GE(Steady::now() - before, Seconds(1));
    EXPECT_EQ(state_of(id), "exited 137");
}

TEST_F(Runtime, AWaitAnswersWithTheExitCodeAndTheLogHoldsBothStreams) {
    const auto id = start_shell("job", "echo to-output; echo to-errors >&2; printf rest; exit 3");
    EXPECT_EQ(host_->wait_for_end(id), 3);
    const auto log = host_->log_of(id);
    for (const char* text : {"to-output\n", "to-errors\n", "rest"})
        EXPECT_NE(log.find(text), std::string::npos) << log;
    EXPECT_EQ(host_->call("GET", "/containers/job/logs?stderr=1").body,
              std::string("\x02\0\0\0\0\0\0\x0a", 8) + "to-errors\n");
    const std::string path(json::string_at(host_->inspect(id), "LogPath"));
    EXPECT_TRUE(read_file(path, 1U << 20U)->starts_with(R"({"log":")")) << path;
    EXPECT_EQ(host_->call("GET", "/containers/job/logs").status, 400);
    EXPECT_EQ(host_->call("GET", "/containers/job/logs?stdout=1&follow=1").status, 501);
}

TEST_F(Runtime, SignalsReachTheProgram) {
    const auto id = start_shell(
        "trap", "trap 'echo usr1; exit 7' USR1; echo up; while :; do sleep 1 & wait $!; done");
    EXPECT_TRUE(host_->wait_for_log(id, "up"));
    EXPECT_EQ(host_->call("POST", "/containers/trap/kill?signal=SIGUSR1").status, 204);
    EXPECT_EQ(host_->wait_for_end(id), 7);
    EXPECT_EQ(host_->call("POST", "/containers/trap/kill").status, 409);
    EXPECT_EQ(host_->call("POST", "/containers/trap/kill?signal=NONE").status, 400);
}

TEST_F(Runtime, RefusesInDockersWords) {
    start_web("web");
    const auto message = [&](int status,
                             const std::string& method,
                             const std::string& target,
                             const json::Value& body = nullptr) {
        return std::string(json::string_at(host_->ask(status, method, target, body), "message"));
    };
    const json::Object web{{"Image", "squall/web"}};
    EXPECT_TRUE(message(409, "POST", "/containers/create?name=web", web)
                    .starts_with("Conflict. The container name \"/web\" is already in use by "
                                 "container \""));
    EXPECT_EQ(message(404, "POST", "/containers/create", json::Object{{"Image", "none"}}),
              "No such image: none:latest");
    EXPECT_EQ(message(404, "GET", "/containers/none/json"), "No such container: none");
    EXPECT_EQ(message(404, "GET", "/images/none/json"), "No such image: none:latest");
    EXPECT_TRUE(message(404, "POST", "/images/create?fromImage=none&tag=1")
                    .starts_with("pull access denied for none, repository does not exist"));
    EXPECT_TRUE(message(409, "DELETE", "/containers/web")
                    .starts_with("You cannot remove a running container "));
    EXPECT_EQ(message(400, "GET", "/v1.44/info"),
              "client version 1.44 is too new. Maximum supported API version is 1.41");
    EXPECT_EQ(message(404, "GET", "/nothing"), "page not found");
    EXPECT_EQ(message(501, "GET", "/events"), "GET /events is not implemented by a lab host");
    EXPECT_EQ(message(400, "POST", "/containers/create", json::Array()).substr(0, 12),
              "invalid JSON");
    EXPECT_EQ(message(400, "POST", "/containers/create?name=-", web).substr(0, 22),
              "Invalid container name");
}

TEST_F(Runtime, TwoContainersCannotHaveOnePort) {
    start_web("first", "8081");
    const auto second =
        host_->ask(201,
                   "POST",
                   "/containers/create?name=second",
                   json::parse(R"({"Image":"squall/web","HostConfig":{"PortBindings":{"8080/tcp":[
                        {"HostPort":"8081"}]}}})")
                       .value());
    const std::string id(json::string_at(second, "Id"));
    const auto refused = host_->ask(500, "POST", "/containers/second/start");
    const auto message = json::string_at(refused, "message");
    EXPECT_TRUE(message.starts_with("driver failed programming external connectivity on endpoint "
                                    "second ("));
    EXPECT_TRUE(message.ends_with("Bind for 0.0.0.0:8081 failed: port is already allocated"));
    EXPECT_EQ(state_of(id), "created 128");
    EXPECT_EQ(host_->call("DELETE", "/containers/first?force=1").status, 204);
    EXPECT_EQ(host_->call("POST", "/containers/second/start").status, 204) << "now it is free";
    EXPECT_EQ(address_of(host_->inspect(id)), "172.17.0.2") << "and so is the address";
}

TEST_F(Runtime, APortThatAProgramOfTheHostHasIsNotGivenAway) {
    const Fd taken = transport::listen_tcp_in(host_->network().get(), "0.0.0.0", 32768).value();
    const auto id = start_web("web");
    EXPECT_EQ(host_port_of(id), "32769");
    host_->ask(201,
               "POST",
               "/containers/create?name=late",
               json::parse(R"({"Image":"squall/web","HostConfig":{"PortBindings":{"8080/tcp":[
                               {"HostPort":"32768"}]}}})")
                   .value());
    const auto refused = host_->ask(500, "POST", "/containers/late/start");
    EXPECT_TRUE(json::string_at(refused, "message")
                    .ends_with("listen tcp4 0.0.0.0:32768: bind: address already in use"));
    // And the other way round: a published port cannot be taken by a program of the host.
    EXPECT_FALSE(transport::listen_tcp_in(host_->network().get(), "0.0.0.0", 32769));
}

TEST_F(Runtime, AProgramThatIsNotThereIsSaidByTheStart) {
    const std::string before = host_->nat_rules();
    const auto start = [&](const std::string& name, const std::string& program, int status) {
        json::Object body = shell("");
        body["Cmd"] = json::Array{json::Value(program)};
        body["HostConfig"] = json::parse(R"({"PortBindings":{"80":[{"HostPort":""}]}})").value();
        host_->ask(201, "POST", "/containers/create?name=" + name, body);
        const auto refused = host_->ask(status, "POST", "/containers/" + name + "/start");
        return std::string(json::string_at(refused, "message"));
    };
    const std::string head = "failed to create shim task: OCI runtime create failed: runc create "
                             "failed: unable to start container process: ";
    EXPECT_EQ(start("a", "nothing", 400),
              head + "exec: \"nothing\": executable file not found in $PATH: unknown");
    EXPECT_EQ(start("b", "/nothing", 400),
              head + "exec: \"/nothing\": stat /nothing: no such file or directory: unknown");
    EXPECT_EQ(start("c", "/etc/hosts", 400),
              head + "exec: \"/etc/hosts\": permission denied: unknown");
    EXPECT_EQ(state_of("a"), "created 127");
    EXPECT_EQ(state_of("c"), "created 126");
    EXPECT_EQ(host_->nat_rules(), before);
    EXPECT_EQ(host_->run({"ip", "-oneline", "link", "show", "type", "veth"}), "");
    EXPECT_EQ(host_->wait_for_end("a"), 127) << "a wait for what never ran does not last";
}

TEST_F(Runtime, NothingIsLeftInTheNetworkWhenAllContainersAreRemoved) {
    const std::string before = host_->nat_rules();
    start_web("one");
    start_web("two", "8081");
    start_shell("three", "exit 0");
    EXPECT_NE(host_->nat_rules(), before);
    for (const char* name : {"one", "two", "three"})
        EXPECT_EQ(host_->call("DELETE", std::string("/containers/") + name + "?force=1").status,
                  204);
    EXPECT_EQ(host_->nat_rules(), before);
    EXPECT_EQ(host_->run({"ip", "-oneline", "link", "show", "type", "veth"}), "");
    EXPECT_EQ(host_->call("GET", "/containers/json?all=1").body, "[]\n");
    EXPECT_TRUE(std::filesystem::is_empty(host_->root() / "var/lib/docker/containers"));
}

TEST_F(Runtime, AKilledDockerdsContainersLiveOnUntilTheNextStartEndsAndForgetsThem) {
    const auto web = start_web("web", "8081");
    // Says something and then counts it, for ever: without a reader it must not end.
    json::Object body = shell("n=0; while echo x; do n=$((n+1)); echo $n > /out/new;"
                              "mv /out/new /out/count; done; touch /out/ended");
    const Path out = host_->root() / "out";
    body["HostConfig"] = json::Object{{"Binds", json::Array{json::Value(out.string() + ":/out")}}};
    const auto talker = host_->start_container("talker", body);
    dockerd_.signal(SIGKILL);
    EXPECT_EQ(dockerd_.wait(), 137);
    const auto count = [&] {
        return to_integer(trimmed(read_file(out / "count", 100).value_or("0"))).value_or(0);
    };
    const auto at_death = count();
    const Deadline deadline = soon();
    while (count() < at_death + 2 && !deadline.passed()) {
    }
    EXPECT_GE(count(), at_death + 2) << "it goes on";
    EXPECT_FALSE(std::filesystem::exists(out / "ended"));
    EXPECT_EQ(curl("http://172.17.0.1:8081/health"), "ok");

    dockerd_ = host_->start_dockerd();
    EXPECT_EQ(state_of(web), "exited 137");
    EXPECT_EQ(state_of(talker), "exited 137");
    EXPECT_EQ(host_->processes().size(), 1U) << "the dockerd";
    EXPECT_EQ(host_->nat_rules().find("DNAT --to"), std::string::npos) << host_->nat_rules();
    EXPECT_EQ(host_->run({"ip", "-oneline", "link", "show", "type", "veth"}), "");
    EXPECT_EQ(host_->call("POST", "/containers/web/start").status, 204);
    EXPECT_TRUE(host_->wait_for_log(web, "listening"));
    EXPECT_EQ(address_of(host_->inspect(web)), "172.17.0.2");
}

TEST_F(Runtime, AProcessThatGotALeftoversNumberIsLeftAlone) {
    const auto id = start_shell("job", "echo I live on; while :; do sleep 60; done");
    dockerd_.signal(SIGKILL);
    EXPECT_EQ(dockerd_.wait(), 137);
    // As if the container had ended and its number had been given to a process started later.
    const Path file = host_->root() / "var/lib/docker/containers" / id / "config.json";
    auto stored = json::parse_object(read_file(file, 1U << 20U).value()).value();
    auto& started = stored["state"].as_object()["pid_start_time"];
    started = started.to_number<std::int64_t>() - 1;
    ASSERT_TRUE(write_file(file, json::text(stored)));
    dockerd_ = host_->start_dockerd();
    EXPECT_EQ(state_of(id), "exited 137");
    EXPECT_TRUE(host_->runs("I live on"));
}

TEST_F(Runtime, ADockerdThatIsStoppedStopsItsContainersFirst) {
    const auto web = start_web("web");
    json::Object body = shell("while :; do sleep 60; done");
    body["StopTimeout"] = 1;
    const auto deaf = host_->start_container("deaf", body);
    const std::string rules = host_->nat_rules();
    dockerd_.signal(SIGTERM);
    EXPECT_EQ(dockerd_.wait(), 0);
    EXPECT_TRUE(host_->processes().empty());
    EXPECT_FALSE(std::filesystem::exists(host_->socket()));
    dockerd_ = host_->start_dockerd();
    EXPECT_EQ(state_of(web), "exited 0");
    EXPECT_EQ(state_of(deaf), "exited 137");
    EXPECT_EQ(host_->call("POST", "/containers/web/start").status, 204);
    EXPECT_EQ(host_->nat_rules().size(), rules.size()) << "a second start finds its own rules";
}

TEST_F(Runtime, OneFolderHasOneDockerd) {
    HostProcess second = host_->start_role(
        {"dockerd", "--root", host_->root().string(), "--socket", (host_->root() / "2").string()});
    EXPECT_EQ(second.wait(), 1);
    EXPECT_NE(second.said().find("another dockerd works in"), std::string::npos) << second.said();
}

TEST_F(Runtime, ContainersCanHaveTheHostsNetworkOrNoneOrAnothers) {
    json::Object web{{"Image", "squall/web"}, {"Env", json::Array{"PORT=9090"}}};
    web["HostConfig"] = json::Object{{"NetworkMode", "host"}};
    const auto in_host = host_->start_container("in-host", web);
    EXPECT_TRUE(host_->wait_for_log(in_host, "listening"));
    EXPECT_EQ(curl("http://127.0.0.1:9090/health"), "ok");
    EXPECT_EQ(address_of(host_->inspect(in_host)), "");

    const auto main = start_web("main");
    json::Object beside = shell("hostname; curl --silent http://127.0.0.1:8080/health");
    beside["HostConfig"] = json::Object{{"NetworkMode", "container:main"}};
    const auto other = host_->start_container("beside", beside);
    EXPECT_EQ(host_->wait_for_end(other), 0);
    EXPECT_EQ(host_->log_of(other), main.substr(0, 12) + "\nok");

    json::Object alone = shell("ip -oneline address show; ip route");
    alone["HostConfig"] = json::Object{{"NetworkMode", "none"}};
    const auto lonely = host_->start_container("alone", alone);
    EXPECT_EQ(host_->wait_for_end(lonely), 0);
    EXPECT_EQ(host_->log_of(lonely).find("eth0"), std::string::npos);
    EXPECT_NE(host_->log_of(lonely).find("127.0.0.1/8"), std::string::npos);

    EXPECT_EQ(host_->call("POST", "/containers/main/stop").status, 204);
    EXPECT_EQ(host_->call("POST", "/containers/beside/start").status, 409);
}

TEST_F(Runtime, AContainerSeesItsOwnRootAndWhatWasBound) {
    const Path shared = host_->root() / "shared";
    json::Object body = shell("cat /data/from-host; echo from-container > /out/file;"
                              "touch /data/x 2>/dev/null || echo data is read-only;"
                              "touch /usr/x 2>/dev/null || echo usr is read-only;"
                              "touch /tmp/x && echo tmp is not;"
                              "ls / | tr '\\n' ' '; cat /proc/1/comm; grep CapBnd /proc/1/status;"
                              "ls /proc/self/fd | tr '\\n' ' '; cat /etc/hosts | tail -n 1");
    body["HostConfig"] =
        json::Object{{"Binds",
                      json::Array{json::Value((shared / "in").string() + ":/data:ro"),
                                  json::Value((shared / "made" / "out").string() + ":/out")}}};
    ASSERT_TRUE(make_directories(shared / "in"));
    ASSERT_TRUE(write_file(shared / "in" / "from-host", "hello\n"));
    const auto id = host_->start_container("box", body);
    EXPECT_EQ(host_->wait_for_end(id), 0);
    const auto log = host_->log_of(id);
    for (const char* text : {"hello\n",
                             "data is read-only\n",
                             "usr is read-only\n",
                             "tmp is not\n",
                             "CapBnd:\t00000000a80425fb\n",
                             "0 1 2 3 ",
                             "172.17.0.2\t"})
        EXPECT_NE(log.find(text), std::string::npos) << text << " is not in:\n" << log;
    EXPECT_EQ(read_file(shared / "made" / "out" / "file", 100).value(), "from-container\n")
        << "a folder that was not there is made";
    EXPECT_TRUE(std::filesystem::is_empty(host_->root() / "var/lib/docker/rootfs"))
        << "what a container mounts is not seen outside";
}

TEST_F(Runtime, ListsWhatIsAskedFor) {
    json::Object body = shell("while :; do sleep 60; done");
    body["Labels"] = json::Object{{"com.amazonaws.ecs.cluster", "c"}};
    const auto running = host_->start_container("running", body);
    host_->ask(201, "POST", "/containers/create?name=idle", body);
    const auto count = [&](const std::string& query) {
        return host_->ask(200, "GET", "/containers/json" + query).as_array().size();
    };
    EXPECT_EQ(count(""), 1U);
    EXPECT_EQ(count("?all=1"), 2U);
    EXPECT_EQ(count("?all=1&limit=1"), 1U);
    const auto filter = [](const std::string& text) {
        return "filters=" + wire::percent_encoded(text);
    };
    EXPECT_EQ(count("?all=1&" + filter(R"({"label":["com.amazonaws.ecs.cluster=c"]})")), 2U);
    EXPECT_EQ(count("?" + filter(R"({"status":["created"]})")), 1U);
    EXPECT_EQ(count("?all=1&" + filter(R"({"name":["run"]})")), 1U);
    EXPECT_EQ(json::string_at(host_->inspect(running.substr(0, 6)), "Name"), "/running");
    EXPECT_EQ(json::string_at(host_->inspect("/running"), "Id"), running);
    EXPECT_EQ(host_->ask(200, "GET", "/images/json").as_array().size(), 3U);
    EXPECT_EQ(host_->ask(200, "GET", "/images/squall/web/json").at("Os"), "linux");
    EXPECT_EQ(host_->call("POST", "/images/create?fromImage=squall/web&tag=latest").status, 200);
    EXPECT_EQ(host_->ask(200, "GET", "/info").at("ContainersRunning"), 1);
    EXPECT_EQ(host_->ask(200, "GET", "/version").at("ApiVersion"), "1.41");
}

TEST_F(Runtime, ARestartGivesANewProcessAndARemovalByItselfHappensAtTheEnd) {
    const auto web = start_web("web");
    const auto before = json::integer_at(host_->inspect(web).at("State"), "Pid");
    EXPECT_EQ(host_->call("POST", "/containers/web/restart").status, 204);
    EXPECT_NE(json::integer_at(host_->inspect(web).at("State"), "Pid"), before);
    json::Object body = shell("exit 5");
    body["HostConfig"] = json::Object{{"AutoRemove", true}};
    const auto created = host_->ask(201, "POST", "/containers/create?name=once", body);
    EXPECT_EQ(host_->call("POST", "/containers/once/start").status, 204);
    const Deadline deadline = soon();
    while (host_->call("GET", "/containers/once/json").status == 200 && !deadline.passed()) {
    }
    EXPECT_EQ(host_->call("GET", "/containers/once/json").status, 404);
}

TEST_F(Runtime, HoldsNoMoreContainersThanItsLimit) {
    const json::Object body{{"Image", "squall/web"}};
    for (std::size_t i = 0; i < Engine::containers_max; ++i)
        ASSERT_EQ(host_->call("POST", "/containers/create", body).status, 201) << i;
    EXPECT_EQ(host_->call("POST", "/containers/create", body).status, 500);
}

// Asks to be told of the end of a container named job.
void send_wait(transport::Loop& loop,
               const Path& socket,
               std::function<void(Result<wire::HttpResponse>)> done) {
    wire::Url url;
    url.scheme = "unix";
    url.host = socket;
    transport::send_async(loop,
                          url,
                          {"POST", "/containers/job/wait", {{"Host", "docker"}}, {}},
                          Seconds(30),
                          std::move(done));
}

TEST_F(Runtime, HoldsNoMoreWaitingCallsThanItsLimitAndForgetsThoseWhoLeft) {
    start_shell("job", "while :; do sleep 60; done");
    {
        transport::Loop loop;
        int first_answer = 0;
        for (std::size_t i = 0; i <= Engine::waiting_max; ++i) {
            send_wait(loop, host_->socket(), [&](const Result<wire::HttpResponse>& got) {
                first_answer = got ? got->status : -1;
                loop.stop();
            });
        }
        loop.run();
        EXPECT_EQ(first_answer, 503) << "one too many";
    }
    // They are all gone with their loop: after a moment there is room again.
    transport::Loop loop;
    int answer = 0;
    std::function<void()> try_again = [&] {
        send_wait(loop, host_->socket(), [&](const Result<wire::HttpResponse>& got) {
            answer = got ? got->status : -1;
            if (answer == 503) return try_again();
            loop.stop();
        });
    };
    try_again();
    transport::Timer timer(loop);
    timer.start(Millis(300), [&] { host_->call("POST", "/containers/job/kill?signal=KILL"); });
    loop.run();
    EXPECT_EQ(answer, 200);
}

TEST_F(Runtime, OptionsThatNobodyKnowsAreRefused) {
    HostProcess other = host_->start_role({"dockerd", "--wrong", "x"});
    EXPECT_EQ(other.wait(), 64);
    EXPECT_NE(other.said().find("unknown option --wrong"), std::string::npos);
}

} // namespace
} // namespace squall::labhost::runtime
