#include "agent/agent_config.h"

#include "settings.h"
#include "squall/base/text.h"

#include <unistd.h>

namespace squall::labhost {
namespace {

constexpr std::size_t file_max = 1U << 20U;

// What the real agent's container has in its environment, of what concerns this one.
bool concerns_agent(std::string_view name) {
    return name.starts_with("ECS_") || name.starts_with("AWS_") || name == "DOCKER_HOST"
           || name == "SSL_CERT_FILE" || lower(name).ends_with("_proxy");
}

std::size_t positive(const std::map<std::string, std::string>& settings,
                     const char* name,
                     std::size_t otherwise) {
    constexpr std::int64_t most = 100'000;
    const auto found = settings.find(name);
    const auto number = found == settings.end() ? std::nullopt : to_integer(found->second);
    return number && *number > 0 && *number <= most ? static_cast<std::size_t>(*number) : otherwise;
}

} // namespace

AgentConfig agent_config(const std::map<std::string, std::string>& settings) {
    AgentConfig config;
    const auto take = [&](const char* name, auto& into) {
        const auto found = settings.find(name);
        if (found != settings.end() && !found->second.empty()) into = found->second;
    };
    take("ECS_CLUSTER", config.cluster);
    take("ECS_BACKEND_HOST", config.backend_url);
    take("AWS_EC2_METADATA_SERVICE_ENDPOINT", config.metadata_url);
    take("AWS_DEFAULT_REGION", config.region);
    take("ECS_DATADIR", config.data_dir);
    take("ECS_LOGFILE", config.log_file);
    // As Go does: the name in capital letters first.
    for (const auto& [name, into] : {std::pair("HTTPS_PROXY", &config.proxy.for_https),
                                     std::pair("HTTP_PROXY", &config.proxy.for_http),
                                     std::pair("NO_PROXY", &config.proxy.except)}) {
        take(lower(name).c_str(), *into);
        take(name, *into);
    }
    // Its client still asks the one for plain HTTP where the other is not set, as Go once did; and
    // never a proxy for what is on the host itself.
    if (config.proxy.for_https.empty()) config.proxy.for_https = config.proxy.for_http;
    config.proxy.except += ",localhost,127.0.0.0/8,::1";
    std::string ca_file;
    take("SSL_CERT_FILE", ca_file);
    if (!ca_file.empty()) config.ca_file = ca_file;
    take("ECS_INSTANCE_ATTRIBUTES", config.instance_attributes);
    take("ECS_CONTAINER_INSTANCE_TAGS", config.instance_tags);
    std::string rollover;
    take("ECS_LOG_ROLLOVER_TYPE", rollover);
    if (rollover == "hourly") config.log_rotation.kind = LogRotation::Kind::hourly;
    config.log_rotation.size_max = positive(settings, "ECS_LOG_MAX_FILE_SIZE_MB", 5) << 20U;
    config.log_rotation.kept_max = positive(settings, "ECS_LOG_MAX_ROLL_COUNT", 24);
    std::string external;
    take("ECS_EXTERNAL", external);
    config.is_external = external == "true";
    std::string metadata_files;
    take("ECS_ENABLE_CONTAINER_METADATA", metadata_files);
    config.has_metadata_files = metadata_files == "true";
    std::string docker_host;
    take("DOCKER_HOST", docker_host);
    if (docker_host.starts_with("unix://")) config.docker_socket = docker_host.substr(7);
    std::string reserved;
    take("ECS_RESERVED_MEMORY", reserved);
    config.reserved_memory_mib = static_cast<int>(to_integer(reserved).value_or(0));
    return config;
}

AgentConfig read_agent_config(const Path& file) {
    auto settings = parse_settings(read_file(file, file_max).value_or(std::string()));
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const auto [name, value] = split_once(*entry, '=');
        if (concerns_agent(name)) settings[std::string(name)] = value;
    }
    return agent_config(settings);
}

} // namespace squall::labhost
