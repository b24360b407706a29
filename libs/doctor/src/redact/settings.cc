#include "redact/names.h"
#include "redact/spans.h"
#include "squall/doctor/redact.h"

#include <algorithm>
#include <array>

namespace squall::doctor {
namespace {

// In the order of bytes. From the agent's list of environment variables, the variables of Docker's
// and systemd's units, and what a shell has. ECS_ENGINE_AUTH_DATA and AWS's keys are not in it.
constexpr std::array<std::string_view, 149> harmless_settings{
    "APPNET_AGENT_ADMIN_MODE",
    "AWS_CA_BUNDLE",
    "AWS_DEFAULT_REGION",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
    "AWS_EC2_METADATA_V1_DISABLED",
    "AWS_ENDPOINT_URL",
    "AWS_EXECUTION_ENV",
    "AWS_MAX_ATTEMPTS",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_RETRY_MODE",
    "AWS_SDK_LOAD_CONFIG",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_STS_REGIONAL_ENDPOINTS",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
    "CGROUP_MOUNTPOINT",
    "CREDENTIALS_FETCHER_HOST_DIR",
    "DAEMON_MAXFILES",
    "DAEMON_PIDFILE_TIMEOUT",
    "DEBIAN_FRONTEND",
    "DOCKER_ADD_RUNTIMES",
    "DOCKER_API_VERSION",
    "DOCKER_CERT_PATH",
    "DOCKER_CONFIG",
    "DOCKER_HOST",
    "DOCKER_MIN_API_VERSION",
    "DOCKER_OPTS",
    "DOCKER_STORAGE_OPTIONS",
    "DOCKER_TLS_VERIFY",
    "ECS_ACS_ENDPOINT",
    "ECS_AGENT_APPARMOR_PROFILE",
    "ECS_AGENT_HEALTHCHECK_HOST",
    "ECS_AGENT_LABELS",
    "ECS_AGENT_PID_NAMESPACE_HOST",
    "ECS_AGENT_RUN_PRIVILEGED",
    "ECS_ALLOW_OFFHOST_INTROSPECTION_ACCESS",
    "ECS_ALTERNATE_CREDENTIAL_PROFILE",
    "ECS_APPARMOR_CAPABLE",
    "ECS_AVAILABLE_LOGGING_DRIVERS",
    "ECS_AWSVPC_ADDITIONAL_LOCAL_ROUTES",
    "ECS_AWSVPC_BLOCK_IMDS",
    "ECS_BACKEND_HOST",
    "ECS_CGROUP_CPU_PERIOD",
    "ECS_CGROUP_PATH",
    "ECS_CHECKPOINT",
    "ECS_CLUSTER",
    "ECS_CNI_PLUGINS_PATH",
    "ECS_CONTAINER_CREATE_TIMEOUT",
    "ECS_CONTAINER_INSTANCE_PROPAGATE_TAGS_FROM",
    "ECS_CONTAINER_INSTANCE_TAGS",
    "ECS_CONTAINER_START_TIMEOUT",
    "ECS_CONTAINER_STOP_TIMEOUT",
    "ECS_DATADIR",
    "ECS_DISABLE_DOCKER_HEALTH_CHECK",
    "ECS_DISABLE_IMAGE_CLEANUP",
    "ECS_DISABLE_METRICS",
    "ECS_DISABLE_PRIVILEGED",
    "ECS_DYNAMIC_HOST_PORT_RANGE",
    "ECS_EBSTA_SUPPORTED",
    "ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE",
    "ECS_ENABLE_CONTAINER_METADATA",
    "ECS_ENABLE_CPU_UNBOUNDED_WINDOWS_WORKAROUND",
    "ECS_ENABLE_GPU_SUPPORT",
    "ECS_ENABLE_HIGH_DENSITY_ENI",
    "ECS_ENABLE_MEMORY_UNBOUNDED_WINDOWS_WORKAROUND",
    "ECS_ENABLE_RUNTIME_STATS",
    "ECS_ENABLE_SPOT_INSTANCE_DRAINING",
    "ECS_ENABLE_TASK_CPU_MEM_LIMIT",
    "ECS_ENABLE_TASK_ENI",
    "ECS_ENABLE_TASK_IAM_ROLE",
    "ECS_ENABLE_TASK_IAM_ROLE_NETWORK_HOST",
    "ECS_ENABLE_UNTRACKED_IMAGE_CLEANUP",
    "ECS_ENGINE_AUTH_TYPE",
    "ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION",
    "ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION_JITTER",
    "ECS_EXCLUDE_IPV6_PORTBINDING",
    "ECS_EXCLUDE_UNTRACKED_IMAGE",
    "ECS_EXTERNAL",
    "ECS_FSX_WINDOWS_FILE_SERVER_SUPPORTED",
    "ECS_FTEST_AGENT_ARGS",
    "ECS_GMSA_SUPPORTED",
    "ECS_HOST_DATA_DIR",
    "ECS_IMAGE_CLEANUP_INTERVAL",
    "ECS_IMAGE_MINIMUM_CLEANUP_AGE",
    "ECS_IMAGE_PULL_BEHAVIOR",
    "ECS_IMAGE_PULL_INACTIVITY_TIMEOUT",
    "ECS_IMAGE_PULL_TIMEOUT",
    "ECS_INIT_DOCKER_LOG_DRIVER",
    "ECS_INSTANCE_ATTRIBUTES",
    "ECS_INSTANCE_IP_COMPATIBILITY",
    "ECS_LOGFILE",
    "ECS_LOGLEVEL",
    "ECS_LOGLEVEL_ON_INSTANCE",
    "ECS_LOG_DRIVER",
    "ECS_LOG_MAX_FILE_SIZE_MB",
    "ECS_LOG_MAX_ROLL_COUNT",
    "ECS_LOG_OPTS",
    "ECS_LOG_OUTPUT_FORMAT",
    "ECS_LOG_ROLLOVER_TYPE",
    "ECS_MANAGED_BY",
    "ECS_NUM_IMAGES_DELETE_PER_CYCLE",
    "ECS_NUM_NONECS_CONTAINERS_DELETE_PER_CYCLE",
    "ECS_NVIDIA_RUNTIME",
    "ECS_OFFHOST_INTROSPECTION_INTERFACE_NAME",
    "ECS_PAUSE_CONTAINER_MEMORY_LIMIT",
    "ECS_POLLING_METRICS_WAIT_DURATION",
    "ECS_POLL_METRICS",
    "ECS_PULL_DEPENDENT_CONTAINERS_UPFRONT",
    "ECS_RESERVED_MEMORY",
    "ECS_RESERVED_PORTS",
    "ECS_RESERVED_PORTS_UDP",
    "ECS_SELINUX_CAPABLE",
    "ECS_SHARED_VOLUME_MATCH_FULL_CONFIG",
    "ECS_SKIP_LOCALHOST_TRAFFIC_FILTER",
    "ECS_TASK_CPU_SHARE_MAX",
    "ECS_TASK_METADATA_RPS_LIMIT",
    "ECS_TASK_PIDS_LIMIT",
    "ECS_TCS_ENDPOINT",
    "ECS_UPDATES_ENABLED",
    "ECS_UPDATE_DOWNLOAD_DIR",
    "ECS_VOLUME_PLUGIN_CAPABILITIES",
    "ECS_WARM_POOLS_CHECK",
    "ENV_FILE",
    "GODEBUG",
    "GOTRACEBACK",
    "HOME",
    "HOSTNAME",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "LANG",
    "LOGNAME",
    "NO_PROXY",
    "NVIDIA_DRIVER_CAPABILITIES",
    "NVIDIA_VISIBLE_DEVICES",
    "OPTIONS",
    "PATH",
    "PWD",
    "SHELL",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TERM",
    "TZ",
    "USER",
    "http_proxy",
    "https_proxy",
    "no_proxy"};

std::string_view without_blanks_before(std::string_view line) {
    while (!line.empty() && is_blank(line.front()))
        line.remove_prefix(1);
    return line;
}

bool is_name(std::string_view name) {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return is_alphanumeric(c) || c == '_' || c == '-' || c == '.';
    });
}

void append_setting(std::string& result, std::string_view line) {
    const std::string_view text = without_blanks_before(line);
    if (text.empty() || text == redaction_mark) {
        result += line;
        return;
    }
    if (text.front() == '#') { // which stays one
        result += line.substr(0, line.size() - text.size() + 1);
        result += redacted(text.substr(1));
        return;
    }
    const std::size_t sign = text.find('=');
    std::string_view name = text.substr(0, std::min(sign, text.size()));
    constexpr std::string_view order = "export ";
    if (name.starts_with(order)) name.remove_prefix(order.size());
    while (!name.empty() && is_blank(name.back()))
        name.remove_suffix(1);
    // What is no setting is the rest of a value with several lines.
    if (sign == std::string_view::npos || !is_name(name) || redacted(name) != name) {
        result += redaction_mark;
        return;
    }
    if (is_harmless_setting(name)) {
        result += redacted(line);
        return;
    }
    const std::string_view value = text.substr(sign + 1);
    result += line.substr(0, line.size() - value.size());
    if (!value.empty()) result += redaction_mark;
}

} // namespace

bool is_harmless_setting(std::string_view name) {
    return std::binary_search(harmless_settings.begin(), harmless_settings.end(), name);
}

std::string redacted_settings(std::string_view text) {
    // A value of /proc/PID/environ may have lines.
    const bool has_lines = text.find('\0') == std::string_view::npos;
    std::string result;
    result.reserve(text.size());
    while (!text.empty()) {
        std::size_t end = 0;
        while (end < text.size() && text[end] != '\0' && (!has_lines || !is_line_end(text[end])))
            ++end;
        append_setting(result, text.substr(0, end));
        if (end < text.size()) result += text[end];
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return result;
}

} // namespace squall::doctor
