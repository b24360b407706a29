// A container engine in memory behind Docker's socket, and the ECS agent's task engine on it, all
// on one loop with a thread of its own.
#pragma once

#include "agent/task_engine.h"
#include "squall/base/temporary_folder.h"
#include "squall/base/text.h"
#include "squall/transport/http_server.h"
#include "squall/transport/socket.h"
#include "squall/wire/query.h"

#include <gtest/gtest.h>

#include <future>
#include <map>
#include <optional>
#include <set>
#include <thread>

namespace squall::labhost {

// Containers that start, run until they are stopped or told to end, and are waited for.
class FakeDocker {
public:
    struct Container {
        std::string name;
        json::Object body; // of the create call
        std::string status = "created";
        std::string health = "starting";
        int exit_code = 0;
        int starts = 0;
        std::optional<int> stop_grace;
        std::vector<transport::Responder> waiting;
    };

    FakeDocker(transport::Loop& loop, const Path& socket)
        : server_(loop,
                  transport::listen_unix(socket).value(),
                  [this](const wire::HttpRequest& request, transport::Responder responder) {
                      answer(request, std::move(responder));
                  }) {}

    // As if its process had ended.
    void end(Container& container, int exit_code) {
        container.status = "exited";
        container.exit_code = exit_code;
        for (auto& responder : std::exchange(container.waiting, {}))
            responder.respond(json_answer(200, {{"StatusCode", exit_code}}));
    }

    // The one of this name in version 7 of its family.
    Container* named(const std::string& part) {
        for (auto& [id, container] : containers) {
            if (container.name.find("-7-" + part + "-") != std::string::npos) return &container;
        }
        return nullptr;
    }

    std::map<std::string, Container> containers; // by id
    std::set<std::string> images{"web", "amazon/amazon-ecs-pause:0.1.0"};
    std::string start_failure; // the message with which every start fails
    bool holds_creates = false;
    std::vector<std::function<void()>> held; // creates that wait while it does

private:
    static wire::HttpResponse json_answer(int status, const json::Object& body) {
        return {status, {{"Content-Type", "application/json"}}, json::text(body)};
    }

    static wire::HttpResponse failure(int status, const std::string& message) {
        return json_answer(status, {{"message", message}});
    }

    void answer(const wire::HttpRequest& request, transport::Responder responder) {
        const auto [path, query] = split_once(request.target, '?');
        const auto parts = split(path, '/'); // "", "v1.41", "containers", ID, what
        if (parts.size() < 4 || parts[2] != "containers")
            return responder.respond(failure(404, "page not found"));
        const auto parameters = wire::QueryParameters::parse(query).value();
        if (parts[3] == "create") {
            auto create = [this, request, name = std::string(parameters.get("name")), responder] {
                auto to = responder;
                to.respond(created(name, json::parse_object(request.body).value()));
            };
            return holds_creates ? held.emplace_back(create), void() : create();
        }
        const auto found = containers.find(parts[3]);
        if (found == containers.end())
            return responder.respond(failure(404, "No such container: " + parts[3]));
        if (request.method == "DELETE") {
            containers.erase(found);
            return responder.respond({204, {}, ""});
        }
        Container& container = found->second;
        if (parts[4] == "wait" && container.status != "exited")
            return container.waiting.push_back(std::move(responder));
        responder.respond(act(container, parts[4], parameters));
    }

    wire::HttpResponse created(const std::string& name, json::Object body) {
        const std::string image(json::string_at(body, "Image"));
        if (!images.contains(image)) return failure(404, "No such image: " + image);
        const std::string id = random_hex(64);
        containers[id].name = name;
        containers[id].body = std::move(body);
        return json_answer(201, {{"Id", id}});
    }

    wire::HttpResponse
    act(Container& container, const std::string& what, const wire::QueryParameters& parameters) {
        if (what == "start") {
            if (!start_failure.empty()) return failure(500, start_failure);
            ++container.starts;
            container.status = "running";
            return {204, {}, ""};
        }
        if (what == "stop") {
            container.stop_grace = static_cast<int>(to_integer(parameters.get("t")).value());
            end(container, 137);
            return {204, {}, ""};
        }
        if (what == "wait") return json_answer(200, {{"StatusCode", container.exit_code}});
        const json::Object ports{
            {"8080/tcp", json::Array{json::Object{{"HostIp", "0.0.0.0"}, {"HostPort", "32768"}}}}};
        return json_answer(200,
                           {{"State",
                             json::Object{{"Status", container.status},
                                          {"Running", container.status == "running"},
                                          {"Pid", container.status == "running" ? 4321 : 0},
                                          {"Health", json::Object{{"Status", container.health}}},
                                          {"ExitCode", container.exit_code}}},
                            {"NetworkSettings", json::Object{{"Ports", ports}}}});
    }

    transport::HttpServer server_;
};

// The engine with what it needs. Everything that lives on the loop is touched through on_loop().
class EngineWorld {
public:
    EngineWorld() {
        docker.emplace(loop_, folder.path() / "docker.sock");
        begin_life({});
        thread_ = std::jthread([this] { loop_.run(); });
    }

    EngineWorld(const EngineWorld&) = delete;
    EngineWorld& operator=(const EngineWorld&) = delete;

    ~EngineWorld() {
        loop_.stop();
        thread_.join();
        lives_.clear();
        docker.reset();
    }

    template <class Call>
    auto on_loop(Call call) {
        std::promise<decltype(call())> promise;
        auto result = promise.get_future();
        loop_.post([&] {
            if constexpr (std::is_void_v<decltype(call())>) {
                call();
                promise.set_value();
            } else {
                promise.set_value(call());
            }
        });
        return result.get();
    }

    // Waits until it is so; false when it does not become so.
    bool until(const std::function<bool()>& is_so) {
        std::promise<void> promise;
        auto result = promise.get_future();
        transport::Timer timer(loop_);
        std::function<void()> look = [&] {
            if (is_so()) return promise.set_value();
            timer.start(Millis(2), look);
        };
        loop_.post(look);
        const bool became_so = result.wait_for(Seconds(20)) == std::future_status::ready;
        on_loop([&] { timer.cancel(); });
        return became_so;
    }

    void apply(const json::Object& payload) {
        on_loop([&] { engine().apply(payload); });
    }

    // The status the last report for the task gave; empty without one.
    bool until_reported(const std::string& arn, const std::string& status) {
        return until([&] {
            return !reports.empty() && json::string_at(reports.back(), "task") == arn
                   && json::string_at(reports.back(), "status") == status;
        });
    }

    json::Value last_report() {
        return on_loop([&] { return json::Value(reports.back()); });
    }

    // The agent is killed, and another one begins with what is on disk. On the loop's thread.
    void restart_agent() {
        ASSERT_TRUE(state().save(folder.path() / "agent.db"));
        reports.clear();
        begin_life(**AgentState::load(folder.path() / "agent.db"));
        engine().restore();
    }

    // Of the agent that lives now.
    [[nodiscard]] AgentState& state() { return lives_.back()->state; }

    [[nodiscard]] TaskEngine& engine() { return *lives_.back()->engine; }

    const TemporaryFolder folder;
    std::vector<json::Object> reports;
    std::optional<FakeDocker> docker;
    // Of tasks in awsvpc mode: those that were made, or why none can be.
    std::vector<std::string> networks;
    std::string network_trouble;

private:
    // A killed agent hears no more; ours does, but nobody listens to it.
    struct Life {
        AgentState state;
        std::optional<DockerClient> client;
        std::optional<TaskEngine> engine;
    };

    void begin_life(AgentState state) {
        lives_.push_back(std::make_unique<Life>());
        Life& life = *lives_.back();
        life.state = std::move(state);
        life.client.emplace(loop_, (folder.path() / "docker.sock").string());
        life.engine.emplace(
            loop_,
            *life.client,
            log_,
            life.state,
            [this, &life](const std::string& arn) {
                if (&life == lives_.back().get())
                    reports.push_back(life.engine->report_of(life.state.tasks.at(arn)));
            },
            [] {},
            [this](const TaskInterface& interface, int part, pid_t) -> Result<void> {
                if (!network_trouble.empty()) return fail(Errc::failed, "{}", network_trouble);
                networks.push_back(fmt::format("{} part {}", interface.address, part));
                return {};
            });
    }

    transport::Loop loop_;
    AgentLog log_{folder.path() / "ecs-agent.log"};
    std::vector<std::unique_ptr<Life>> lives_;
    std::jthread thread_;
};

inline json::Object container_payload(const std::string& name, const json::Object& more = {}) {
    json::Object container{{"name", name},
                           {"image", "web"},
                           {"cpu", 64},
                           {"memory", 32},
                           {"essential", true},
                           {"environment", json::Object{{"COLOUR", "blue"}}},
                           {"portMappings", json::Array{}},
                           {"stopTimeout", 2}};
    for (const auto& [key, value] : more)
        container[key] = value;
    return container;
}

inline const std::string test_task = "arn:aws:ecs:us-east-1:123456789012:task/demo/0123456789";

inline json::Object task_payload(json::Array containers, const std::string& desired = "RUNNING") {
    return {{"arn", test_task},
            {"family", "web"},
            {"version", "7"},
            {"desiredStatus", desired},
            {"networkMode", "bridge"},
            {"containers", std::move(containers)}};
}

} // namespace squall::labhost
