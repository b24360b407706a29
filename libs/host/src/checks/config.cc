// What ecs.config tells the agent, as far as it keeps it from registering or connecting.
#include "checks/checks.h"
#include "checks/memory_info.h"
#include "checks/unreadable_proxy.h"
#include "squall/base/text.h"

#include <algorithm>

namespace squall::host {
namespace {

constexpr std::size_t name_max = 128;
constexpr std::size_t attribute_value_max = 128;
constexpr std::size_t tag_value_max = 256;
constexpr std::size_t tags_max = 50;
constexpr std::string_view letters_and_digits =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

bool has_only(std::string_view text, std::string_view others) {
    return std::all_of(text.begin(), text.end(), [&](char one) {
        return letters_and_digits.find(one) != std::string_view::npos
               || others.find(one) != std::string_view::npos;
    });
}

// Empty, or what ECS does not take about an attribute.
std::string attribute_fault(std::string_view name, const json::Value& value) {
    if (name.empty() || name.size() > name_max)
        return fmt::format(
            "the name has {} characters, and may have 1 to {}", name.size(), name_max);
    if (!has_only(name, "-_./\\"))
        return "the name may have letters, digits, '-', '_', '.', '/' and '\\' only";
    if (!value.is_string()) return "the value is no text: put it into quotes";
    const std::string_view text = json::string_of(value);
    if (text.empty() || text.size() > attribute_value_max)
        return fmt::format(
            "the value has {} characters, and may have 1 to {}", text.size(), attribute_value_max);
    if (!has_only(text, "-_./\\:@ "))
        return "the value may have letters, digits, blanks and '-_./\\:@' only";
    if (trimmed(text) != text) return "the value begins or ends with a blank";
    return {};
}

std::string tag_fault(std::string_view key, const json::Value& value) {
    if (lower(key).starts_with("aws:")) return "keys that begin with aws: are AWS's own";
    if (key.empty() || key.size() > name_max)
        return fmt::format("the key has {} characters, and may have 1 to {}", key.size(), name_max);
    if (!value.is_string()) return "the value is no text: put it into quotes";
    if (json::string_of(value).size() > tag_value_max)
        return fmt::format("the value has {} characters, and may have {}",
                           json::string_of(value).size(),
                           tag_value_max);
    return {};
}

// A setting whose value is a JSON object of texts; each member has to pass.
void look_at_object(const AgentConfig& config,
                    const char* name,
                    const char* cause,
                    std::string (*fault_of)(std::string_view, const json::Value&),
                    std::vector<Sign>& signs) {
    const ConfigLine* line = config.find(name);
    if (line == nullptr || line->value.empty()) return;
    const auto object = json::parse_object(line->value);
    if (!object) {
        signs.push_back(sign(cause,
                             Certainty::likely,
                             fmt::format("{} is no JSON object", name),
                             {evidence(line->place, line->name + "=" + line->value)}));
        return;
    }
    if (std::string_view(cause) == "INVALID_TAG" && object->size() > tags_max)
        signs.push_back(
            sign("INVALID_PARAMETER", // by the name that the agent's log has for it
                 Certainty::certain,
                 fmt::format("{} has {} tags, and {} are the most", name, object->size(), tags_max),
                 {evidence(line->place, name)}));
    for (const auto& [key, value] : *object) {
        const std::string fault = fault_of(key, value);
        if (fault.empty()) continue;
        signs.push_back(sign(cause,
                             Certainty::certain,
                             fmt::format("'{}' of {}: {}", std::string_view(key), name, fault),
                             {evidence(line->place, std::string_view(key))}));
    }
}

void look_at_proxy(const AgentConfig& config, std::vector<Sign>& signs) {
    const ConfigLine* proxy = config.find("HTTP_PROXY");
    if (proxy == nullptr || proxy->value.empty()) proxy = config.find("HTTPS_PROXY");
    if (proxy == nullptr || proxy->value.empty()) return;
    const auto exceptions = split(config.get("NO_PROXY"), ',');
    std::vector<std::string> missing;
    for (const std::string wanted : {"169.254.169.254", "169.254.170.2", "/var/run/docker.sock"}) {
        const bool is_there =
            std::any_of(exceptions.begin(), exceptions.end(), [&](const std::string& one) {
                return trimmed(one) == wanted || trimmed(one) == "*";
            });
        if (!is_there) missing.push_back(wanted);
    }
    if (missing.empty()) return;
    const bool keeps_from_metadata = missing.front() == "169.254.169.254";
    signs.push_back(sign(
        "NET_PROXY",
        keeps_from_metadata ? Certainty::likely : Certainty::possible,
        fmt::format("NO_PROXY lacks {}: the agent asks its proxy for what is on this host{}",
                    join(missing, ", "),
                    keeps_from_metadata ? ", and gets no credentials" : ""),
        {evidence(proxy->place, fmt::format("{} is set", proxy->name)),
         evidence("NO_PROXY", config.get("NO_PROXY"))},
        {"NO_PROXY=169.254.169.254,169.254.170.2,/var/run/docker.sock in /etc/ecs/ecs.config"}));
}

void look_at_memory(Facts& facts, const AgentConfig& config, std::vector<Sign>& signs) {
    const ConfigLine* line = config.find("ECS_RESERVED_MEMORY");
    if (line == nullptr) return;
    const auto reserved = to_integer(line->value);
    const auto memory = read_memory(facts);
    if (!reserved || !memory) return;
    const auto total_mib = static_cast<std::int64_t>(memory->total >> 20U);
    if (*reserved < total_mib) return;
    signs.push_back(sign("RESERVED_MEMORY",
                         Certainty::certain,
                         fmt::format("ECS_RESERVED_MEMORY is {} MiB, and this host has {} MiB",
                                     *reserved,
                                     total_mib),
                         {evidence(line->place, line->name + "=" + line->value),
                          evidence("/proc/meminfo", fmt::format("MemTotal {} MiB", total_mib))}));
}

// A line that systemd or the shell may take, and ecs-init does not: the agent joins 'default'.
void look_at_cluster(Facts& facts,
                     const AgentConfig& config,
                     Deadline deadline,
                     std::vector<Sign>& signs) {
    if (!config.get("ECS_CLUSTER").empty() || facts.cluster(deadline) != "default") return;
    const auto fault =
        std::find_if(config.faults.begin(), config.faults.end(), [](const ConfigFault& each) {
            return each.setting == "ECS_CLUSTER";
        });
    if (fault == config.faults.end()) return;
    auto lost =
        sign("CLUSTER_MISMATCH",
             Certainty::likely,
             fmt::format("ECS_CLUSTER in {} does not count ({}): the agent joins 'default'",
                         fault->place,
                         fault->what),
             {evidence(fault->place, fault->what)},
             {"write ECS_CLUSTER=NAME in /etc/ecs/ecs.config, with nothing before it and no "
              "blanks around '='; then `sudo systemctl restart ecs`"});
    lost.instead_of = 1;
    signs.push_back(std::move(lost));
}

std::string summary_of(const AgentConfig& config) {
    if (config.files.empty())
        return "there is no ecs.config: the agent joins the cluster 'default'";
    const std::string cluster = config.get("ECS_CLUSTER");
    std::string text = join(config.files, ", ")
                       + (cluster.empty() ? ": ECS_CLUSTER is not set: the agent joins 'default'"
                                          : ": cluster " + cluster);
    if (const std::string region = config.get("AWS_DEFAULT_REGION"); !region.empty())
        text += ", region " + region;
    if (!config.get("HTTP_PROXY").empty()) text += ", through a proxy";
    for (const ConfigFault& fault : config.faults)
        text += fmt::format("; {}: {}", fault.place, fault.what);
    return text;
}

} // namespace

Look check_config(Facts& facts, Deadline deadline) {
    const auto* config = facts.config(deadline);
    if (config == nullptr) return could_not_look("not read in time", "cat /etc/ecs/ecs.config");
    if (!config->unreadable.empty())
        return could_not_look(config->unreadable, "sudo cat /etc/ecs/ecs.config");
    std::vector<Sign> signs;
    look_at_object(*config, "ECS_INSTANCE_ATTRIBUTES", "INVALID_ATTRIBUTE", attribute_fault, signs);
    look_at_object(*config, "ECS_CONTAINER_INSTANCE_TAGS", "INVALID_TAG", tag_fault, signs);
    if (const ConfigLine* proxy = unreadable_proxy(*config))
        signs.push_back(unreadable_proxy_sign(*proxy));
    else
        look_at_proxy(*config, signs);
    look_at_memory(facts, *config, signs);
    look_at_cluster(facts, *config, deadline, signs);
    if (config->is_true("ECS_EXTERNAL") && config->get("AWS_DEFAULT_REGION").empty())
        signs.push_back(sign("REGION_MISSING",
                             Certainty::certain,
                             "ECS_EXTERNAL is set, and AWS_DEFAULT_REGION is not: outside of EC2 "
                             "nothing else says the region",
                             {evidence(config->find("ECS_EXTERNAL")->place, "ECS_EXTERNAL=true")}));
    Look look = finding_or_healthy(std::move(signs), summary_of(*config));
    look.names.cluster = facts.cluster(deadline);
    look.names.region = config->get("AWS_DEFAULT_REGION");
    return look;
}

} // namespace squall::host
