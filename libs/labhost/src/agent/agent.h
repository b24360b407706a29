// The agent's one object: its parts, and what it knows. Belongs to the thread that runs its loop.
#pragma once

#include "agent/agent_config.h"
#include "agent/attachments.h"
#include "agent/backoff.h"
#include "agent/control_link.h"
#include "agent/local_endpoints.h"
#include "agent/state_reporter.h"
#include "agent/task_engine.h"
#include "squall/transport/http_server.h"

namespace squall::labhost {

// As the unit understands them: try again, and do not.
inline constexpr int exit_retry = 1;
inline constexpr int exit_terminal = 5;

inline constexpr const char* agent_version = "1.105.0";
inline constexpr const char* agent_hash = "5c0a11ab";

// "Amazon ECS Agent - v1.105.0 (*5c0a11ab)"
[[nodiscard]] std::string full_agent_version();

// Wires the parts and walks through the start: engine, identity, registration, endpoints, links.
class Agent {
public:
    explicit Agent(AgentConfig config)
        : config_(std::move(config)),
          log_(config_.log_file, config_.log_rotation),
          caller_(loop_, cloud_settings()),
          docker_(loop_, config_.docker_socket),
          reporter_(loop_, caller_, log_, state_, [this] { save(); }),
          engine_(
              loop_,
              docker_,
              log_,
              state_,
              [this](const std::string& arn) { reporter_.changed(arn); },
              [this] { save(); }),
          attachments_(loop_, caller_, log_, state_),
          telemetry_(loop_),
          registration_timer_(loop_),
          random_(std::random_device{}()) {
        reporter_.use(engine_);
    }

    int run();

private:
    // The way to AWS that the configuration names.
    [[nodiscard]] CloudSettings cloud_settings() const;

    // The start, step by step (ecs_agent.cc).
    void exit_with(int code) {
        exit_code_ = code;
        loop_.stop();
    }

    [[nodiscard]] bool open_state();
    bool save(); // false: it could not, and the log says why
    bool load_checkpoint();
    void find_docker();
    // Who it is, and its registration (agent_registration.cc).
    void find_identity();
    void identified(const json::Object& document);
    void check_credentials();
    void register_instance();
    void registered(const Result<json::Object, CallError>& answer);
    void not_registered(const CallError& error);
    // Says and ends where it was not given back all that it has sent.
    bool has_all_attributes(const json::Object& instance);
    bool serve_local_endpoints();
    void open_links();
    void find_endpoint(const std::string& member,
                       const std::string& query,
                       std::function<void(Result<wire::Url, CallError>)> done);
    [[nodiscard]] std::string agent_query() const;

    // What is said over the links (agent_messages.cc).
    void acs_message(std::string_view text);
    void heartbeat(const json::Object& body);
    void acknowledge(const json::Object& body);
    void manifest(const json::Object& body);
    void role_credentials(const json::Object& body);
    void send_telemetry();
    void send_tcs(std::string_view type, json::Object body);

    AgentConfig config_;
    AgentLog log_;
    transport::Loop loop_;
    CloudCaller caller_;
    DockerClient docker_;
    AgentState state_;
    std::optional<StateLock> state_lock_;
    StateReporter reporter_;
    TaskEngine engine_;
    Attachments attachments_;
    transport::Timer telemetry_;
    transport::Timer registration_timer_;
    std::mt19937 random_;
    Backoff registration_backoff_{Seconds(3), Seconds(192), 0.2, 2.0};
    SteadyTime registration_until_{};
    std::optional<transport::HttpServer> introspection_;
    std::optional<transport::HttpServer> credentials_;
    std::optional<ControlLink> acs_;
    std::optional<ControlLink> tcs_;
    json::Array attributes_; // as they were sent
    std::string identity_document_;
    std::string identity_signature_;
    std::string docker_version_;
    std::string host_address_;
    json::Object endpoints_;
    SteadyTime endpoints_until_{};
    std::string runtime_status_ = "OK";
    WallTime runtime_checked_{};
    WallTime runtime_changed_{};
    bool runtime_news_ = false;
    bool sent_credentials_ = false;
    std::int64_t last_timeline_ = 0;
    std::optional<int> exit_code_;
};

} // namespace squall::labhost
