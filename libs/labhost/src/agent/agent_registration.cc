// How the agent finds out who its instance is, and makes it known to ECS.
#include "agent/agent.h"
#include "agent/registration.h"
#include "squall/base/text.h"

#include <sys/sysinfo.h>
#include <unistd.h>

namespace squall::labhost {
namespace {

constexpr Seconds api_timeout{42};
// For so long the real agent goes on where ECS has trouble of its own.
constexpr std::chrono::hours registration_patience{1};

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

std::int64_t total_memory_mib() {
    struct sysinfo info {};

    ::sysinfo(&info);
    return static_cast<std::int64_t>(info.totalram * info.mem_unit >> 20U);
}

json::Array total_resources(std::int64_t memory) {
    const auto cpu = static_cast<std::int64_t>(::sysconf(_SC_NPROCESSORS_ONLN)) * 1024;
    return {json::Object{{"name", "CPU"}, {"type", "INTEGER"}, {"integerValue", cpu}},
            json::Object{{"name", "MEMORY"}, {"type", "INTEGER"}, {"integerValue", memory}},
            json::Object{{"name", "PORTS"},
                         {"type", "STRINGSET"},
                         {"stringSetValue", json::Array{"22", "2375", "2376", "51678", "51679"}}},
            json::Object{
                {"name", "PORTS_UDP"}, {"type", "STRINGSET"}, {"stringSetValue", json::Array{}}}};
}

bool is_passing(const std::string& code) {
    return code == "ServerException" || code == "LimitExceededException"
           || code.starts_with("Throttling");
}

} // namespace

void Agent::find_identity() {
    if (config_.is_external) {
        caller_.use_credentials_file(config_.credentials_file);
        if (config_.region.empty()) {
            log_.critical("Error loading config",
                          {{"error",
                            "AWS_DEFAULT_REGION has to be set when running on external "
                            "capacity"}});
            return exit_with(exit_retry);
        }
        caller_.set_region(config_.region);
        return check_credentials();
    }
    const auto give_up = [this](const CallError& error) {
        if (config_.region.empty()) {
            log_.critical("Unable to communicate with EC2 Metadata service to infer region: "
                          + error.words);
            return exit_with(exit_retry);
        }
        log_.error("Unable to access EC2 Metadata service to determine EC2 Instance ID",
                   {{"error", error.words}});
        log_.critical("Unable to get instance identity document", {{"error", error.words}});
        exit_with(exit_retry);
    };
    caller_.metadata(
        "dynamic/instance-identity/document",
        [this, give_up](Result<std::string, CallError> document) {
            if (!document) return give_up(document.error());
            identity_document_ = std::move(*document);
            const auto parsed = json::parse_object(identity_document_);
            if (!parsed) return give_up({{}, parsed.error().message, 0, parsed.error().message});
            identified(*parsed);
            caller_.metadata("dynamic/instance-identity/signature",
                             [this, give_up](Result<std::string, CallError> signature) {
                                 if (!signature) return give_up(signature.error());
                                 identity_signature_ = std::move(*signature);
                                 check_credentials();
                             });
        });
}

void Agent::identified(const json::Object& document) {
    if (config_.region.empty()) config_.region = json::string_at(document, "region");
    caller_.set_region(config_.region);
    host_address_ = json::string_at(document, "privateIp");
    const std::string instance_id(json::string_at(document, "instanceId"));
    if (!state_.ec2_instance_id.empty() && state_.ec2_instance_id != instance_id) {
        log_.warn(fmt::format("Data mismatch; saved InstanceID '{}' does not match current "
                              "InstanceID '{}'. Overwriting old datafile",
                              state_.ec2_instance_id,
                              instance_id));
        state_ = {};
        state_.cluster = config_.cluster;
    }
    state_.ec2_instance_id = instance_id;
}

// The real agent says what is wrong with them, and goes on to try.
void Agent::check_credentials() {
    caller_.with_credentials([this](const std::optional<CallError>& error) {
        if (error) {
            log_.error("Error getting ECS instance credentials from credentials chain: "
                       + error->words);
            log_.error("Error getting valid credentials: " + error->words);
        } else {
            log_.info(
                fmt::format("Successfully got ECS instance credentials from provider: {}",
                            config_.is_external ? "SharedCredentialsProvider" : "EC2RoleProvider"));
        }
        registration_until_ = Steady::now() + registration_patience;
        register_instance();
    });
}

void Agent::register_instance() {
    log_.info("Registering Instance with ECS");
    const auto memory = memory_for_tasks(total_memory_mib(), config_.reserved_memory_mib);
    if (!memory) {
        const std::string& why = memory.error().message;
        return not_registered({{}, why, 0, why});
    }
    attributes_ = capabilities(config_.is_external);
    for (auto& attribute : attributes_of(config_))
        attributes_.push_back(std::move(attribute));
    json::Object body{{"cluster", config_.cluster},
                      {"clientToken", random_uuid()},
                      {"attributes", attributes_},
                      {"totalResources", total_resources(*memory)},
                      {"instanceIdentityDocument", identity_document_},
                      {"instanceIdentityDocumentSignature", identity_signature_}};
    if (json::Array tags = tags_of(config_); !tags.empty()) body["tags"] = std::move(tags);
    if (!state_.instance_arn.empty()) body["containerInstanceArn"] = state_.instance_arn;
    caller_.call({"ecs",
                  "AmazonEC2ContainerServiceV20141113.RegisterContainerInstance",
                  std::move(body),
                  api_timeout},
                 [this](const Result<json::Object, CallError>& answer) { registered(answer); });
}

bool Agent::has_all_attributes(const json::Object& instance) {
    const auto missing = missing_attributes(attributes_, json::array_at(instance, "attributes"));
    if (missing.empty()) return true;
    log_.error("Error registering attributes", {{"missingAttributes", join(missing, ", ")}});
    log_.critical("Instance registration attempt with invalid attribute(s)",
                  {{"error", "Attribute validation failed"}});
    exit_with(exit_terminal);
    return false;
}

void Agent::registered(const Result<json::Object, CallError>& answer) {
    if (!answer) return not_registered(answer.error());
    const json::Object& instance = json::object_at(*answer, "containerInstance");
    if (!has_all_attributes(instance)) return;
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

void Agent::not_registered(const CallError& error) {
    log_.error("Unable to register as a container instance with ECS", {{"error", error.words}});
    if (is_passing(error.code) && Steady::now() < registration_until_) {
        log_.error("Received non-terminal error from RegisterContainerInstance call, retrying with "
                   "exponential backoff",
                   {{"error", error.words}});
        return registration_timer_.start(registration_backoff_.next(random_),
                                         [this] { register_instance(); });
    }
    log_.error("Received terminal error from RegisterContainerInstance call, exiting",
               {{"error", error.words}});
    const bool is_known = !state_.instance_arn.empty();
    log_.error(
        fmt::format("Error {} container instance", is_known ? "re-registering" : "registering"),
        {{"error", error.words}});
    const RegistrationEnd end = end_of_registration(error, is_known);
    if (!end.last_words.empty()) log_.critical(fmt::format("{}: {}", end.last_words, error.words));
    if (end.is_terminal)
        log_.critical("Agent will terminally exit, unable to register container instance:",
                      {{"error", error.words}});
    exit_with(end.is_terminal ? exit_terminal : exit_retry);
}

} // namespace squall::labhost
