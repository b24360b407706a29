#include "squall/doctor/log_kind.h"

#include <array>

namespace squall::doctor {
namespace {

struct Known {
    std::string_view begins;
    LogKind kind;
};

// The longest first where one begins as another does.
constexpr std::array<Known, 22> known{
    {{"ecs-agent.log", LogKind::agent},   {"ecs-init.log", LogKind::init},
     {"audit.log", LogKind::other},       {"ecs-volume-plugin", LogKind::other},
     {"vpc-branch-eni", LogKind::other},  {"ecs-cni-", LogKind::other},
     {"runtime-stats", LogKind::other},   {"cloud-init", LogKind::cloud_init},
     {"dmesg", LogKind::kernel},          {"kern.log", LogKind::kernel},
     {"journal", LogKind::system},        {"system.log", LogKind::system},
     {"syslog", LogKind::system},         {"messages", LogKind::system},
     {"docker.log", LogKind::docker},     {"dockerd.log", LogKind::docker},
     {"containerd.log", LogKind::docker}, {"docker", LogKind::docker},
     {"boot.log", LogKind::system},       {"ecs_agent", LogKind::agent},
     {"ecs-agent", LogKind::agent},       {"ecs-init", LogKind::init}}};

std::string_view last_part(std::string_view path) {
    const auto slash = path.find_last_of("/\\");
    return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

} // namespace

LogName log_name(std::string_view path) {
    std::string_view name = last_part(path);
    for (const std::string_view packed : {".gz", ".txt", ".current", ".boot", ".human"}) {
        if (name.ends_with(packed)) name.remove_suffix(packed.size());
    }
    for (const Known& each : known) {
        if (!name.starts_with(each.begins)) continue;
        // "docker" and "docker-20260630" are the daemon's; "docker-trouble.log" may be anybody's.
        const std::string_view after = name.substr(each.begins.size());
        if (each.begins == "docker" && !after.empty() && after.front() != '.'
            && (after.size() < 2 || after[1] < '0' || after[1] > '9'))
            continue;
        LogName found{each.kind, ""};
        std::string_view rest = name.substr(each.begins.size());
        if (const auto dot = rest.find_last_of('.'); dot != std::string_view::npos)
            rest = rest.substr(dot + 1);
        else if (rest.starts_with('-'))
            rest.remove_prefix(1); // messages-20260630
        if (!rest.empty() && rest.front() >= '0' && rest.front() <= '9') found.roll = rest;
        return found;
    }
    return {};
}

} // namespace squall::doctor
