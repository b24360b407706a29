#include "squall/base/fd.h"
#include "squall/base/json.h"
#include "squall/base/text.h"
#include "squall/labhost/roles.h"
#include "squall/transport/http_client.h"
#include "squall/transport/http_server.h"
#include "squall/transport/socket.h"
#include "web/web_page.h"

#include <gtest/gtest.h>

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <thread>

namespace squall::labhost::web {
namespace {

WebFacts test_facts() {
    return {"shop", "abc123", "h<1>", 1, WallTime(std::chrono::seconds(1'795'000'000)), 7};
}

wire::HttpResponse ask(const std::string& method,
                       const std::string& target,
                       const wire::Headers& headers = {},
                       const std::string& body = {}) {
    return answer({method, target, headers, body}, test_facts()).response;
}

TEST(WebPage, TellsPeopleAndProgramsWhomTheyHaveReached) {
    const auto page = ask("GET", "/");
    EXPECT_EQ(wire::header_value(page.headers, "Content-Type"), "text/html; charset=utf-8");
    EXPECT_NE(page.body.find("<h1>shop</h1>"), std::string::npos);
    EXPECT_NE(page.body.find("h&lt;1>"), std::string::npos) << "nothing of it becomes markup";
    const auto data = ask("GET", "/?x=1", {{"accept", "application/json"}});
    EXPECT_EQ(data.body,
              R"({"service":"shop","task":"abc123","hostname":"h<1>","pid":1,)"
              R"("started_at":"2026-11-18T11:06:40.000Z","requests":7})"
              "\n");
}

TEST(WebPage, AnswersHealthAndEchoAndNothingElse) {
    EXPECT_EQ(ask("GET", "/health").body, "ok");
    const auto echo = ask("POST", "/echo", {{"Content-Type", "text/x"}}, "abc");
    EXPECT_EQ(echo.body, "abc");
    EXPECT_EQ(wire::header_value(echo.headers, "Content-Type"), "text/x");
    for (const auto& [method, target] :
         {std::pair("GET", "/echo"), std::pair("GET", "/x"), std::pair("POST", "/")})
        EXPECT_EQ(ask(method, target).status, 404) << method << target;
}

TEST(WebPage, HoldsASlowAnswerBackWithinItsLimit) {
    EXPECT_EQ(answer({"GET", "/slow?ms=250", {}, {}}, test_facts()).delay, Millis(250));
    EXPECT_EQ(answer({"GET", "/slow?ms=60000", {}, {}}, test_facts()).delay, Seconds(60));
    for (const char* bad : {"/slow", "/slow?ms=", "/slow?ms=60001", "/slow?ms=-1", "/slow?ms=x"})
        EXPECT_EQ(ask("GET", bad).status, 400) << bad;
}

TEST(WebPage, ReadsTheTaskFromTheAgentsMetadata) {
    const auto metadata = parse_task_metadata(
        R"({"TaskARN":"arn:aws:ecs:r:1:task/c/abc","Family":"f","ServiceName":"s"})");
    ASSERT_TRUE(metadata);
    EXPECT_EQ(metadata->task, "abc");
    EXPECT_EQ(metadata->service, "s");
    EXPECT_EQ(parse_task_metadata(R"({"TaskARN":"a/b","Family":"f"})")->service, "f");
    EXPECT_FALSE(parse_task_metadata("{}"));
    EXPECT_FALSE(parse_task_metadata("x"));
}

// The role as a process of its own, on a port that it chooses.
class WebProcess {
public:
    explicit WebProcess(const std::string& metadata_uri = {}) {
        Pipe output = make_pipe().value();
        pid_ = ::fork();
        if (pid_ == 0) {
            ::dup2(output.write_end.get(), STDOUT_FILENO);
            // NOLINTBEGIN(concurrency-mt-unsafe): a process that has just been forked has one
            // thread
            ::setenv("PORT", "0", 1);
            if (!metadata_uri.empty())
                ::setenv("ECS_CONTAINER_METADATA_URI_V4", metadata_uri.c_str(), 1);
            // NOLINTEND(concurrency-mt-unsafe)
            ::_exit(run_role("web", {}));
        }
        output.write_end.reset();
        std::string line;
        char byte = 0;
        while (::read(output.read_end.get(), &byte, 1) == 1 && byte != '\n')
            line.push_back(byte);
        port_ = to_integer(line.substr(line.rfind(' ') + 1)).value_or(0);
    }

    WebProcess(const WebProcess&) = delete;
    WebProcess& operator=(const WebProcess&) = delete;

    ~WebProcess() {
        if (pid_ > 0) end(SIGKILL);
    }

    [[nodiscard]] wire::Url url(const std::string& target) const {
        return wire::parse_url(fmt::format("http://127.0.0.1:{}{}", port_, target)).value();
    }

    wire::HttpResponse get(const std::string& target) {
        return client_
            .send(url(target),
                  {"GET", target, {{"Accept", "application/json"}}, {}},
                  Deadline::in(Seconds(20)))
            .value();
    }

    // The wait status it ends with.
    int end(int signal) {
        ::kill(pid_, signal);
        int status = 0;
        ::waitpid(std::exchange(pid_, 0), &status, 0);
        return status;
    }

private:
    pid_t pid_ = 0;
    std::int64_t port_ = 0;
    transport::HttpClient client_{transport::ClientSettings{}};
};

TEST(WebRole, CountsItsRequestsAndEndsAtOnceWhenTold) {
    WebProcess web;
    EXPECT_EQ(web.get("/health").body, "ok");
    const auto told = json::parse_object(web.get("/").body).value();
    EXPECT_EQ(json::integer_at(told, "requests"), 2);
    EXPECT_EQ(json::string_at(told, "service"), "web");
    EXPECT_EQ(web.get("/slow?ms=1").body, "after 1 ms\n");
    // One that is being held back does not hold the end back.
    transport::Loop loop;
    transport::send_async(loop,
                          web.url("/slow?ms=60000"),
                          {"GET", "/slow?ms=60000", {}, {}},
                          Seconds(30),
                          [&](const auto&) { loop.stop(); });
    EXPECT_EQ(web.get("/health").body, "ok");
    const int status = web.end(SIGTERM);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(WebRole, LearnsItsTaskFromTheAgent) {
    transport::Loop loop;
    Fd socket = transport::listen_tcp("127.0.0.1", 0).value();
    const auto port = transport::port_of(socket).value();
    WebProcess web(fmt::format("http://127.0.0.1:{}/v4/x", port));
    transport::HttpServer agent(
        loop,
        std::move(socket),
        [&](const wire::HttpRequest& request, transport::Responder responder) {
            EXPECT_EQ(request.target, "/v4/x/task");
            responder.respond({200, {}, R"({"TaskARN":"a/t1","ServiceName":"shop"})"});
        });
    std::jthread thread([&] { loop.run(); });
    const Deadline deadline = Deadline::in(Seconds(20));
    std::string task;
    while (task.empty() && !deadline.passed())
        task = json::string_at(json::parse_object(web.get("/").body).value(), "task");
    loop.stop();
    EXPECT_EQ(task, "t1");
}

} // namespace
} // namespace squall::labhost::web
