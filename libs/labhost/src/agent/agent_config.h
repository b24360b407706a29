// What the ECS agent is told: /etc/ecs/ecs.config (KEY=VALUE lines), with the environment on top.
#pragma once

#include "agent/agent_log.h"
#include "squall/base/file.h"
#include "squall/transport/http_client.h"

#include <map>
#include <optional>
#include <string>

namespace squall::labhost {

struct AgentConfig {
    std::string cluster = "default";
    std::string backend_url; // ECS_BACKEND_HOST: where all calls go; empty: to AWS's endpoint
    transport::ProxySettings proxy; // HTTP_PROXY, HTTPS_PROXY, NO_PROXY
    std::optional<Path> ca_file;    // SSL_CERT_FILE: whom it trusts; else whom the host does
    std::string metadata_url = "http://169.254.169.254";
    std::string docker_socket = "/var/run/docker.sock";
    std::string region; // AWS_DEFAULT_REGION; else the instance's own
    Path data_dir = "/var/lib/ecs/data";
    Path log_file = "/var/log/ecs/ecs-agent.log";
    LogRotation log_rotation; // ECS_LOG_ROLLOVER_TYPE, _MAX_FILE_SIZE_MB, _MAX_ROLL_COUNT
    int reserved_memory_mib = 0;
    std::string instance_attributes; // ECS_INSTANCE_ATTRIBUTES, a JSON object
    std::string instance_tags;       // ECS_CONTAINER_INSTANCE_TAGS, likewise
    bool has_metadata_files = false; // ECS_ENABLE_CONTAINER_METADATA
    bool is_external = false;        // ECS_EXTERNAL: no instance metadata; the keys are in a file
    Path credentials_file = "/root/.aws/credentials";
};

// Names that the file or the environment do not set keep their defaults. An unreadable file counts
// as empty.
[[nodiscard]] AgentConfig agent_config(const std::map<std::string, std::string>& settings);
[[nodiscard]] AgentConfig read_agent_config(const Path& file);

} // namespace squall::labhost
