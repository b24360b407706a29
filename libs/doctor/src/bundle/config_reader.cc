// ecs.config: what the agent was told.
#include "bundle/settings.h"
#include "squall/base/json.h"
#include "squall/base/text.h"

#include <fmt/format.h>

namespace squall::doctor {
namespace {

// A proxy that is asked for what only the host itself can answer.
std::optional<Sign> sign_of_proxy(const TextFile& file, const Settings& settings) {
    const Setting* proxy = nullptr;
    for (const char* name : {"HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"})
        if (const Setting* each = set(settings, name)) proxy = each;
    if (proxy == nullptr) return {};
    const Setting* exempt = set(settings, "NO_PROXY");
    if (exempt == nullptr) exempt = set(settings, "no_proxy");
    std::string missing;
    for (const char* host : {"169.254.169.254", "169.254.170.2", "/var/run/docker.sock"})
        if (exempt == nullptr || exempt->value.find(host) == std::string::npos)
            missing += std::string(missing.empty() ? "" : ", ") + host;
    if (missing.empty()) return {};
    Sign sign{"NET_PROXY",
              Certainty::likely,
              fmt::format("a proxy is set, and NO_PROXY does not exempt {}", missing),
              {evidence_at(file, proxy->line)}};
    if (exempt != nullptr) sign.evidence.push_back(evidence_at(file, exempt->line));
    sign.remedy = {"set NO_PROXY=169.254.169.254,169.254.170.2,/var/run/docker.sock in "
                   "/etc/ecs/ecs.config, then: sudo systemctl restart ecs"};
    return sign;
}

std::optional<Sign> sign_of_attributes(const TextFile& file, const Settings& settings) {
    const Setting* attributes = set(settings, "ECS_INSTANCE_ATTRIBUTES");
    if (attributes == nullptr || attributes->value.find("[redacted]") != std::string::npos)
        return {};
    if (json::parse_object(attributes->value)) return {};
    return Sign{"INVALID_ATTRIBUTE",
                Certainty::likely,
                "ECS_INSTANCE_ATTRIBUTES is no JSON object",
                {evidence_at(file, attributes->line)}};
}

std::optional<Sign> sign_of_tags(const TextFile& file, const Settings& settings) {
    const Setting* tags = set(settings, "ECS_CONTAINER_INSTANCE_TAGS");
    if (tags == nullptr) return {};
    const auto object = json::parse_object(tags->value);
    if (!object) return {};
    for (const auto& member : *object)
        if (lower(member.key()).starts_with("aws:"))
            return Sign{"INVALID_TAG",
                        Certainty::certain,
                        "a key of ECS_CONTAINER_INSTANCE_TAGS starts with aws:",
                        {evidence_at(file, tags->line)}};
    return {};
}

} // namespace

Settings settings_of(const TextFile& file) {
    Settings settings;
    for (const TextLine& line : lines_of(file)) {
        const std::string_view text = trimmed(line.text);
        const auto [name, value] = split_once(text, '=');
        if (text.starts_with('#') || name.size() == text.size()) continue;
        settings[std::string(trimmed(name))] = {std::string(trimmed(value)),
                                                line}; // the last one counts
    }
    return settings;
}

const Setting* set(const Settings& settings, std::string_view name) {
    const auto found = settings.find(name);
    return found == settings.end() || found->second.value.empty() ? nullptr : &found->second;
}

bool is_external(const Settings& settings) {
    const Setting* external = set(settings, "ECS_EXTERNAL");
    return external != nullptr && lower(external->value) == "true";
}

std::optional<Look> look_at_config(const TextFile& file) {
    const Settings settings = settings_of(file);
    std::vector<Sign> signs;
    if (auto sign = sign_of_proxy(file, settings)) signs.push_back(std::move(*sign));
    if (auto sign = sign_of_attributes(file, settings)) signs.push_back(std::move(*sign));
    if (auto sign = sign_of_tags(file, settings)) signs.push_back(std::move(*sign));
    if (is_external(settings) && set(settings, "AWS_DEFAULT_REGION") == nullptr)
        signs.push_back({"REGION_MISSING",
                         Certainty::certain,
                         "on an external instance AWS_DEFAULT_REGION has to be set",
                         {evidence_at(file, set(settings, "ECS_EXTERNAL")->line)}});
    const Setting* cluster = set(settings, "ECS_CLUSTER");
    // That "default" is not there, the agent's own log says; nothing is wrong with joining it.
    const std::string summary =
        cluster == nullptr
            ? "ECS_CLUSTER is not set: the agent joins the cluster \"default\""
            : "the agent is told to join " + evidence_at(file, {cluster->value}).text;
    if (signs.empty()) return healthy("config", summary);
    const std::string wrong = signs.front().summary;
    return finding("config", wrong, std::move(signs));
}

} // namespace squall::doctor
