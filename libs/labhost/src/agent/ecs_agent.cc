#include "agent/ecs_agent.h"

#include "agent/agent.h"
#include "squall/base/log.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"
#include "squall/transport/socket.h"

#include <sys/sysinfo.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

namespace squall::labhost {
namespace {

constexpr Seconds api_timeout{30};
constexpr std::chrono::hours endpoint_lifetime{12};
constexpr int exit_retry = 1;
constexpr int exit_terminal = 5;
const char* const pid_file = "/run/ecs-agent.pid";

// What an agent of this kind can do; placement looks at some of them.
json::Array capabilities(bool is_external) {
    json::Array attributes;
    for (const char* name : {"ecs.capability.execution-role-ecr-pull",
                             "ecs.capability.container-ordering",
                             "ecs.capability.full-sync",
                             "ecs.capability.container-health-check",
                             "com.amazonaws.ecs.capability.task-iam-role",
                             "com.amazonaws.ecs.capability.logging-driver.json-file",
                             "com.amazonaws.ecs.capability.docker-remote-api.1.41"}) {
        attributes.push_back(json::Object{{"name", name}});
    }
    // Outside EC2 no task can have an elastic network interface.
    attributes.push_back(json::Object{
        {"name", is_external ? "ecs.capability.external" : "ecs.capability.task-eni"}});
    attributes.push_back(json::Object{{"name", "ecs.os-type"}, {"value", "linux"}});
    attributes.push_back(json::Object{{"name", "ecs.os-family"}, {"value", "LINUX"}});
    attributes.push_back(json::Object{{"name", "ecs.cpu-architecture"},
                                      {"value", sizeof(void*) == 8 ? "x86_64" : "x86"}});
    return attributes;
}

json::Array total_resources(int reserved_memory_mib) {
    struct sysinfo info {};

    ::sysinfo(&info);
    const auto memory =
        static_cast<std::int64_t>(info.totalram * info.mem_unit >> 20U) - reserved_memory_mib;
    const auto cpu = static_cast<std::int64_t>(::sysconf(_SC_NPROCESSORS_ONLN)) * 1024;
    return {json::Object{{"name", "CPU"}, {"type", "INTEGER"}, {"integerValue", cpu}},
            json::Object{{"name", "MEMORY"}, {"type", "INTEGER"}, {"integerValue", memory}},
            json::Object{{"name", "PORTS"},
                         {"type", "STRINGSET"},
                         {"stringSetValue", json::Array{"22", "2375", "2376", "51678", "51679"}}},
            json::Object{
                {"name", "PORTS_UDP"}, {"type", "STRINGSET"}, {"stringSetValue", json::Array{}}}};
}

} // namespace

std::string full_agent_version() {
    return fmt::format("Amazon ECS Agent - v{} (*{})", agent_version, agent_hash);
}

bool Agent::save() {
    auto saved = state_.save(config_.data_dir / "agent.json");
    if (!saved) log_.error("Error saving state", {{"error", saved.error().message}});
    return saved.has_value();
}

bool Agent::load_checkpoint() {
    auto loaded = AgentState::load(config_.data_dir / "agent.json");
    if (!loaded) {
        log_.critical("Unable to load checkpoint", {{"error", loaded.error().message}});
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
    loop_.on_signals({SIGTERM, SIGINT}, [this](int) {
        log_.info("Agent received termination signal", {{"signal", "terminated"}});
        exit_with(0);
    });
    log_.info("Starting Amazon ECS Agent", {{"version", agent_version}, {"commit", agent_hash}});
    if (load_checkpoint()) find_docker();
    if (!exit_code_) loop_.run();
    ::unlink(pid_file);
    return exit_code_.value_or(0);
}

void Agent::find_docker() {
    docker_.version([this](const DockerAnswer& answer) {
        if (!answer.is_success()) {
            log_.critical("Could not create docker client: " + answer.message);
            return exit_with(exit_retry);
        }
        docker_version_ = json::string_at(answer.body, "Version");
        find_identity();
    });
}

void Agent::find_identity() {
    if (config_.is_external) {
        caller_.use_credentials_file(config_.credentials_file);
        caller_.set_region(config_.region);
        return register_instance();
    }
    const auto give_up = [this](const CallError& error) {
        log_.critical("Unable to retrieve EC2 instance metadata", {{"error", error.message}});
        exit_with(exit_retry);
    };
    caller_.metadata(
        "dynamic/instance-identity/document",
        [this, give_up](Result<std::string, CallError> document) {
            if (!document) return give_up(document.error());
            identity_document_ = std::move(*document);
            const auto parsed = json::parse_object(identity_document_);
            if (!parsed) return give_up({{}, parsed.error().message, 0});
            if (config_.region.empty()) config_.region = json::string_at(*parsed, "region");
            caller_.set_region(config_.region);
            host_address_ = json::string_at(*parsed, "privateIp");
            const std::string instance_id(json::string_at(*parsed, "instanceId"));
            if (!state_.ec2_instance_id.empty() && state_.ec2_instance_id != instance_id) {
                log_.warn(fmt::format("Data mismatch; saved InstanceID '{}' does not match current "
                                      "InstanceID '{}'. Overwriting old datafile",
                                      state_.ec2_instance_id,
                                      instance_id));
                state_ = {};
                state_.cluster = config_.cluster;
            }
            state_.ec2_instance_id = instance_id;
            caller_.metadata("dynamic/instance-identity/signature",
                             [this, give_up](Result<std::string, CallError> signature) {
                                 if (!signature) return give_up(signature.error());
                                 identity_signature_ = std::move(*signature);
                                 register_instance();
                             });
        });
}

void Agent::register_instance() {
    json::Object body{{"cluster", config_.cluster},
                      {"clientToken", random_uuid()},
                      {"attributes", capabilities(config_.is_external)},
                      {"totalResources", total_resources(config_.reserved_memory_mib)},
                      {"instanceIdentityDocument", identity_document_},
                      {"instanceIdentityDocumentSignature", identity_signature_}};
    if (!state_.instance_arn.empty()) body["containerInstanceArn"] = state_.instance_arn;
    caller_.call("ecs",
                 "AmazonEC2ContainerServiceV20141113.RegisterContainerInstance",
                 std::move(body),
                 api_timeout,
                 [this](const Result<json::Object, CallError>& answer) { registered(answer); });
}

void Agent::registered(const Result<json::Object, CallError>& answer) {
    if (!answer) {
        const CallError& error = answer.error();
        log_.error("Unable to register as a container instance with ECS",
                   {{"error", fmt::format("{}: {}", error.code, error.message)}});
        log_.error("Error registering container instance",
                   {{"error", fmt::format("{}: {}", error.code, error.message)}});
        return exit_with(error.code == "InvalidParameterException"
                                 || error.code == "ClientException"
                             ? exit_terminal
                             : exit_retry);
    }
    const json::Object& instance = json::object_at(*answer, "containerInstance");
    state_.instance_arn = json::string_at(instance, "containerInstanceArn");
    for (const auto& attribute : json::array_at(instance, "attributes")) {
        if (json::string_at(attribute, "name") == "ecs.availability-zone")
            state_.availability_zone = json::string_at(attribute, "value");
    }
    save();
    log_.info("Registered container instance with ECS",
              {{"containerInstanceARN", state_.instance_arn}, {"cluster", state_.cluster}});
    if (!serve_local_endpoints()) return;
    if (config_.has_metadata_files) engine_.keep_metadata({config_.data_dir, host_address_});
    engine_.restore();
    open_links();
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
        if (!url) return done(fail(CallError{"InvalidEndpoint", url.error().message, 0}));
        url->target += "ws?" + query;
        done(std::move(*url));
    };
    if (!endpoints_.empty() && Steady::now() < endpoints_until_) return give(endpoints_);
    caller_.call(
        "ecs",
        "AmazonEC2ContainerServiceV20141113.DiscoverPollEndpoint",
        {{"cluster", config_.cluster}, {"containerInstance", state_.instance_arn}},
        api_timeout,
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
    if (config.backend_url.empty()) {
        log::print("ecs-agent: ECS_BACKEND_HOST is not set in /etc/ecs/ecs.config\n");
        return exit_terminal;
    }
    if (auto made = make_directories(config.data_dir); !made)
        log::print("ecs-agent: {}\n", made.error().message);
    // Where others look for the process: nobody needs it to be there.
    [[maybe_unused]] const auto written = write_file(pid_file, std::to_string(::getpid()) + "\n");
    return Agent(config).run();
}

} // namespace squall::labhost
