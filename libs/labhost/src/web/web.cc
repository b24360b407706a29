#include "web/web.h"

#include "squall/base/log.h"
#include "squall/base/text.h"
#include "squall/transport/http_client.h"
#include "squall/transport/http_server.h"
#include "squall/transport/socket.h"
#include "web/web_page.h"

#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <map>

namespace squall::labhost::web {
namespace {

constexpr std::uint16_t default_port = 8080;
constexpr Seconds metadata_time{5};
// Answers that are being held back at one time; past this /slow says 503.
constexpr std::size_t held_back_max = 1000;

std::string variable(const char* name) {
    // Read on the only thread there is, before anything could change it.
    const char* value = std::getenv(name); // NOLINT(concurrency-mt-unsafe)
    return value == nullptr ? std::string() : std::string(value);
}

Result<std::uint16_t> port_to_listen_on() {
    const std::string text = variable("PORT");
    if (text.empty()) return default_port;
    const auto number = to_integer(text).value_or(-1);
    if (number < 0 || number > 65535)
        return fail(Errc::invalid_input, "PORT is '{}', which is no port", text);
    return static_cast<std::uint16_t>(number);
}

WebFacts facts_of_this_process() {
    std::array<char, 65> hostname{};
    ::gethostname(hostname.data(), hostname.size() - 1);
    return {
        variable("SERVICE_NAME"), variable("TASK_ID"), hostname.data(), ::getpid(), Wall::now()};
}

class WebService {
public:
    WebService(transport::Loop& loop, Fd listening)
        : loop_(loop),
          facts_(facts_of_this_process()),
          server_(loop,
                  std::move(listening),
                  [this](const wire::HttpRequest& request, transport::Responder responder) {
                      handle(request, std::move(responder));
                  }) {
        ask_for_metadata();
    }

private:
    // Asked again with the next request if the agent does not know the task yet.
    void ask_for_metadata() {
        if ((!facts_.task.empty() && !facts_.service.empty()) || asking_) return;
        const std::string base = variable("ECS_CONTAINER_METADATA_URI_V4");
        if (base.empty()) return;
        const auto url = wire::parse_url(base + "/task");
        if (!url) return;
        asking_ = true;
        transport::send_async(loop_,
                              *url,
                              {"GET", url->target, {{"Host", url->host_header()}}, {}},
                              metadata_time,
                              [this](const Result<wire::HttpResponse>& got) {
                                  asking_ = false;
                                  const auto metadata = got && got->status == 200
                                                            ? parse_task_metadata(got->body)
                                                            : std::nullopt;
                                  if (!metadata) return;
                                  if (facts_.task.empty()) facts_.task = metadata->task;
                                  if (facts_.service.empty()) facts_.service = metadata->service;
                              });
    }

    void handle(const wire::HttpRequest& request, transport::Responder responder) {
        ++facts_.requests;
        ask_for_metadata();
        WebFacts shown = facts_;
        if (shown.service.empty()) shown.service = "web";
        WebAnswer given = answer(request, shown);
        if (given.delay.count() == 0) return responder.respond(std::move(given.response));
        if (held_back_.size() >= held_back_max)
            return responder.respond({503, {}, "too many answers are being held back\n"});
        const std::uint64_t key = next_key_++;
        auto& timer = held_back_.try_emplace(key, loop_).first->second;
        timer.start(given.delay,
                    [this, key, responder, response = std::move(given.response)]() mutable {
                        responder.respond(std::move(response));
                        held_back_.erase(key);
                    });
    }

    transport::Loop& loop_;
    WebFacts facts_;
    bool asking_ = false;
    std::map<std::uint64_t, transport::Timer> held_back_;
    std::uint64_t next_key_ = 0;
    transport::HttpServer server_;
};

} // namespace

int run_web(const std::vector<std::string>& arguments) {
    if (!arguments.empty()) {
        log::error("web: it has no options; PORT is taken from the environment");
        return 64;
    }
    const auto port = port_to_listen_on();
    auto listening =
        port ? transport::listen_tcp("0.0.0.0", *port) : Result<Fd>(fail(port.error()));
    if (!listening) {
        log::error("web: {}", listening.error().message);
        return 1;
    }
    transport::Loop loop;
    loop.on_signals({SIGTERM, SIGINT}, [&](int) { loop.stop(); });
    // Ready to be called, and where: what tests and people wait for.
    fmt::print("listening on port {}\n", transport::port_of(*listening).value_or(0));
    std::fflush(stdout);
    const WebService service(loop, std::move(*listening));
    loop.run();
    return 0;
}

} // namespace squall::labhost::web
