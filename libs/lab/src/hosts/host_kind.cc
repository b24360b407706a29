#include "squall/lab/lab.h"

#include <algorithm>
#include <array>

namespace squall::lab {
namespace {

constexpr std::array<std::pair<HostKind, std::string_view>, 8> kinds{{
    {HostKind::standard, "standard"},
    {HostKind::unmanaged, "unmanaged"},
    {HostKind::offline, "offline"},
    {HostKind::agent_down, "agent-down"},
    {HostKind::external, "external"},
    {HostKind::upstart, "upstart"},
    {HostKind::windows, "windows"},
    {HostKind::bottlerocket, "bottlerocket"},
}};

} // namespace

std::optional<HostKind> host_kind_named(std::string_view name) {
    const auto found = std::find_if(
        kinds.begin(), kinds.end(), [&](const auto& one) { return one.second == name; });
    return found == kinds.end() ? std::nullopt : std::optional(found->first);
}

std::string_view name_of(HostKind kind) {
    return std::find_if(
               kinds.begin(), kinds.end(), [&](const auto& one) { return one.first == kind; })
        ->second;
}

bool is_virtual(HostKind kind) {
    return kind == HostKind::windows || kind == HostKind::bottlerocket;
}

std::vector<std::string> host_kind_names() {
    std::vector<std::string> names;
    names.reserve(kinds.size());
    for (const auto& [kind, name] : kinds)
        names.emplace_back(name);
    return names;
}

} // namespace squall::lab
