#include "agent/agent_config.h"

#include "settings.h"
#include "squall/base/text.h"

#include <unistd.h>

namespace squall::labhost {
namespace {

constexpr std::size_t file_max = 1U << 20U;

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
        if (name.starts_with("ECS_") || name.starts_with("AWS_") || name == "DOCKER_HOST")
            settings[std::string(name)] = value;
    }
    return agent_config(settings);
}

} // namespace squall::labhost
