#include "agent/ecs_agent.h"

#include "agent/agent.h"
#include "agent/registration.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"
#include "squall/transport/socket.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>

namespace squall::labhost {
namespace {

constexpr Seconds api_timeout{42}; // dialling, TLS's handshake, and two seconds more
constexpr std::chrono::hours endpoint_lifetime{12};
constexpr int sdk_attempts = 3;
const char* const state_file = "agent.db";
const char* const pid_file = "/run/ecs-agent.pid";

} // namespace

std::string full_agent_version() {
    return fmt::format("Amazon ECS Agent - v{} (*{})", agent_version, agent_hash);
}

// Every way that the real agent may go to AWS: by AWS's names and a proxy, or to ECS_BACKEND_HOST.
CloudSettings Agent::cloud_settings() const {
    CloudSettings settings;
    settings.metadata_url = config_.metadata_url;
    settings.endpoint_url = config_.backend_url;
    settings.user_agent = full_agent_version() + " (linux) (+http://aws.amazon.com/ecs/)";
    settings.network.proxy = config_.proxy;
    settings.network.ca_file = config_.ca_file;
    settings.attempts = sdk_attempts;
    return settings;
}

// As the real one, whose folder is mounted into its container: it makes none.
bool Agent::open_state() {
    const auto fail_with = [this](const std::string& why) {
        log_.critical("Error creating data client", {{"error", why}});
        exit_with(exit_retry);
        return false;
    };
    std::error_code error;
    const std::string folder = config_.data_dir.string();
    const auto status = std::filesystem::status(config_.data_dir, error);
    if (status.type() == std::filesystem::file_type::not_found)
        return fail_with(fmt::format("stat {}: no such file or directory", folder));
    if (!std::filesystem::is_directory(status))
        return fail_with(fmt::format("path {} is not a valid directory", folder));
    auto lock = StateLock::take(config_.data_dir / state_file);
    if (!lock) return fail_with(lower(lock.error().message));
    state_lock_.emplace(std::move(*lock));
    return true;
}

bool Agent::save() {
    auto saved = state_.save(config_.data_dir / state_file);
    if (!saved) log_.error("Error saving state", {{"error", saved.error().message}});
    if (saved && state_lock_) state_lock_->follow();
    return saved.has_value();
}

bool Agent::load_checkpoint() {
    if (const auto usable = try_data_folder(config_.data_dir); !usable) {
        log_.critical("Error creating data client", {{"error", usable.error().message}});
        exit_with(exit_retry);
        return false;
    }
    auto loaded = AgentState::load(config_.data_dir / state_file);
    if (!loaded) {
        // What bbolt says of a file that is none of its own.
        log_.critical("Error creating data client", {{"error", "invalid database"}});
        exit_with(exit_retry);
        return false;
    }
    if (!*loaded) {
        state_.cluster = config_.cluster;
        return true;
    }
    if ((*loaded)->cluster != config_.cluster) {
        log_.critical(
            fmt::format("Data mismatch; saved cluster '{}' does not match configured cluster '{}'. "
                        "Perhaps you want to delete the configured checkpoint file?",
                        (*loaded)->cluster,
                        config_.cluster));
        exit_with(exit_terminal);
        return false;
    }
    state_ = std::move(**loaded);
    log_.info("Restored from checkpoint file",
              {{"containerInstanceARN", state_.instance_arn}, {"cluster", state_.cluster}});
    return true;
}

int Agent::run() {
    log_.info("Starting Amazon ECS Agent", {{"version", agent_version}, {"commit", agent_hash}});
    log_.info("Loading configuration");
    // Whoever waits for the lock still ends by a signal.
    if (!open_state()) {
        ::unlink(pid_file);
        return *exit_code_;
    }
    loop_.on_signals({SIGTERM, SIGINT}, [this](int) {
        log_.info("Agent received termination signal: terminated");
        exit_with(0);
    });
    if (load_checkpoint()) find_docker();
    if (!exit_code_) loop_.run();
    ::unlink(pid_file);
    return exit_code_.value_or(0);
}

void Agent::find_docker() {
    docker_.version([this](const DockerAnswer& answer) {
        if (!answer.is_success()) {
            log_.critical("Error creating Docker client", {{"error", answer.message}});
            return exit_with(exit_retry);
        }
        docker_version_ = json::string_at(answer.body, "Version");
        find_identity();
    });
}

bool Agent::serve_local_endpoints() {
    auto introspection = transport::listen_tcp("0.0.0.0", introspection_port);
    auto credentials = transport::listen_tcp("127.0.0.1", credentials_port);
    if (!introspection || !credentials) {
        log_.critical(
            "Error running local endpoints",
            {{"error",
              introspection ? credentials.error().message : introspection.error().message}});
        exit_with(exit_retry);
        return false;
    }
    introspection_.emplace(
        loop_,
        std::move(*introspection),
        [this](const wire::HttpRequest& request, transport::Responder responder) {
            responder.respond(introspection_answer(state_, full_agent_version(), request));
        });
    credentials_.emplace(loop_,
                         std::move(*credentials),
                         [this](const wire::HttpRequest& request, transport::Responder responder) {
                             responder.respond(credentials_answer(state_, request));
                         });
    return true;
}

std::string Agent::agent_query() const {
    return fmt::format("agentHash={}&agentVersion={}", agent_hash, agent_version);
}

// The control plane's answer is kept for twelve hours: an agent that reconnects does not ask again.
void Agent::find_endpoint(const std::string& member,
                          const std::string& query,
                          std::function<void(Result<wire::Url, CallError>)> done) {
    const auto give = [member, query, done](const json::Object& endpoints) {
        auto url = wire::parse_url(json::string_at(endpoints, member));
        if (!url)
            return done(
                fail(CallError{"InvalidEndpoint", url.error().message, 0, url.error().message}));
        url->target += "ws?" + query;
        done(std::move(*url));
    };
    if (!endpoints_.empty() && Steady::now() < endpoints_until_) {
        const auto text = [this](const char* name) {
            return std::string(json::string_at(endpoints_, name));
        };
        log_.info("Using cached DiscoverPollEndpoint",
                  {{"endpoint", text("endpoint")},
                   {"telemetryEndpoint", text("telemetryEndpoint")},
                   {"serviceConnectEndpoint", text("serviceConnectEndpoint")},
                   {"containerInstanceARN", state_.instance_arn}});
        return give(endpoints_);
    }
    caller_.call(
        {"ecs",
         "AmazonEC2ContainerServiceV20141113.DiscoverPollEndpoint",
         {{"cluster", config_.cluster}, {"containerInstance", state_.instance_arn}},
         api_timeout},
        [this, give, done = std::move(done)](const Result<json::Object, CallError>& answer) {
            if (!answer) return done(fail(answer.error()));
            endpoints_ = *answer;
            endpoints_until_ = Steady::now() + endpoint_lifetime;
            give(endpoints_);
        });
}

void Agent::open_links() {
    const auto encoded = [](const std::string& text) {
        return wire::percent_encoded(text);
    };
    acs_.emplace(loop_,
                 caller_,
                 log_,
                 state_.instance_arn,
                 LinkRules{.name = "ACS"},
                 ControlLink::Handlers{
                     [this, encoded](auto done) {
                         find_endpoint(
                             "endpoint",
                             fmt::format("{}&clusterArn={}&containerInstanceArn={}&dockerVersion={}"
                                         "&protocolVersion=2&sendCredentials={}&seqNum=1",
                                         agent_query(),
                                         encoded(config_.cluster),
                                         encoded(state_.instance_arn),
                                         encoded("DockerVersion: " + docker_version_),
                                         sent_credentials_ ? "false" : "true"),
                             std::move(done));
                     },
                     [this] { sent_credentials_ = true; },
                     [this](std::string_view text) {
                         acs_message(text);
                     }});
    tcs_.emplace(
        loop_,
        caller_,
        log_,
        state_.instance_arn,
        LinkRules{.name = "TCS", .backoff = Backoff(Millis(1000), Millis(60'000), 0.2, 2.0)},
        ControlLink::Handlers{
            [this, encoded](auto done) {
                find_endpoint("telemetryEndpoint",
                              fmt::format("{}&cluster={}&containerInstance={}&dockerVersion={}",
                                          agent_query(),
                                          encoded(config_.cluster),
                                          encoded(state_.instance_arn),
                                          encoded(docker_version_)),
                              std::move(done));
            },
            [this] { send_telemetry(); },
            [](std::string_view) {
            }});
    acs_->start();
    tcs_->start();
}

int ecs_agent_main(const std::vector<std::string>& /*arguments*/) {
    const AgentConfig config = read_agent_config("/etc/ecs/ecs.config");
    // Where others look for the process: nobody needs it to be there.
    [[maybe_unused]] const auto written = write_file(pid_file, std::to_string(::getpid()) + "\n");
    return Agent(config).run();
}

} // namespace squall::labhost
