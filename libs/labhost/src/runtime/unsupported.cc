// Which settings of a create request a lab host does not have. A limit (memory, CPU) is not among
// them: Docker too only warns where the kernel cannot keep one.
#include "runtime/container_spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace squall::labhost::runtime {
namespace {

bool is_set(const json::Value& value) {
    if (const auto* text = value.if_string()) return !text->empty();
    if (const auto* array = value.if_array()) return !array->empty();
    if (const auto* object = value.if_object()) return !object->empty();
    if (const auto* flag = value.if_bool()) return *flag;
    return value.is_number() && !(value.is_int64() && value.get_int64() == 0);
}

// Any value other than nothing, empty, false and 0 is refused.
constexpr std::array refused_in_config{"Volumes", "NetworkDisabled", "Tty"};
constexpr std::array refused_in_host_config{
    "DeviceCgroupRules", "DeviceRequests", "Devices",      "Dns",         "DnsOptions",
    "DnsSearch",         "GroupAdd",       "Init",         "Links",       "Mounts",
    "SecurityOpt",       "StorageOpt",     "Sysctls",      "Tmpfs",       "Ulimits",
    "UTSMode",           "UsernsMode",     "VolumeDriver", "VolumesFrom",
};

// Only these values are had (and none at all).
struct Choice {
    const char* name;
    std::array<std::string_view, 4> values;
};

constexpr std::array choices_of_host_config{
    Choice{"CgroupnsMode", {"", "host", "private", ""}},
    Choice{"PidMode", {"", "private", "", ""}},
    Choice{"IpcMode", {"", "private", "shareable", ""}},
    Choice{"Isolation", {"", "default", "", ""}},
    Choice{"Runtime", {"", "runc", "", ""}},
};

bool is_among(std::string_view value, const std::array<std::string_view, 4>& values) {
    return std::find(values.begin(), values.end(), value) != values.end();
}

bool is_root(std::string_view user) {
    return is_among(user, {"", "0", "root", "0:0"}) || user == "root:root";
}

std::optional<std::string> unsupported_in_config(const json::Object& config) {
    for (const char* name : refused_in_config) {
        if (is_set(json::at(config, name))) return name;
    }
    if (!is_root(json::string_at(config, "User"))) return "User";
    return std::nullopt;
}

std::optional<std::string> unsupported_in_host_config(const json::Object& host_config) {
    for (const char* name : refused_in_host_config) {
        if (is_set(json::at(host_config, name))) return name;
    }
    for (const auto& choice : choices_of_host_config) {
        const auto value = json::string_at(host_config, choice.name);
        if (!is_among(value, choice.values)) return fmt::format("{} {}", choice.name, value);
    }
    const auto restart = json::string_at(json::at(host_config, "RestartPolicy"), "Name");
    if (!is_among(restart, {"", "no", "", ""})) return fmt::format("RestartPolicy {}", restart);
    const auto driver = json::string_at(json::at(host_config, "LogConfig"), "Type");
    if (!is_among(driver, {"", "json-file", "", ""}))
        return fmt::format("LogConfig.Type {}", driver);
    return std::nullopt;
}

} // namespace

std::optional<std::string> unsupported_setting(const json::Object& body) {
    if (auto name = unsupported_in_config(body)) return name;
    if (auto name = unsupported_in_host_config(json::object_at(body, "HostConfig")))
        return "HostConfig." + *name;
    return std::nullopt;
}

} // namespace squall::labhost::runtime
