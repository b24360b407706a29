// ecs_agent_data.txt: what the agent has saved of itself, in the clear. Agents since 1.44 keep it
// in agent.db, which no archive has, and leave this file as it was: what it says is likely at the
// most.
#include "bundle/settings.h"
#include "squall/base/json.h"
#include "squall/base/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace squall::doctor {
namespace {

// Nothing else of the file is looked at: it has the tasks' environments in it.
struct SavedState {
    std::string cluster;
    std::string instance_id;
    std::string arn;
};

bool is_alphanumeric(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Of a cluster, of a container instance, or their ARN. What looks otherwise is no name, and is not
// told.
std::string name_in(std::string_view text) {
    constexpr std::size_t name_max = 512;
    const bool is_name =
        text.size() <= name_max && std::all_of(text.begin(), text.end(), [](char c) {
            return is_alphanumeric(c)
                   || std::string_view("-_:/.").find(c) != std::string_view::npos;
        });
    return is_name ? std::string(text) : std::string();
}

// "i-0abc1234def567890"; of external instances "mi-…".
std::string instance_id_in(std::string_view text) {
    constexpr std::size_t digits_min = 8;
    constexpr std::size_t digits_max = 32;
    std::string_view digits = text.starts_with('m') ? text.substr(1) : text;
    if (!digits.starts_with("i-")) return {};
    digits.remove_prefix(2);
    const bool is_id = digits.size() >= digits_min && digits.size() <= digits_max
                       && digits.find_first_not_of("0123456789abcdef") == std::string_view::npos;
    return is_id ? std::string(text) : std::string();
}

std::string unquoted(std::string_view value) {
    const bool is_quoted = value.size() >= 2 && value.front() == value.back()
                           && (value.front() == '"' || value.front() == '\'');
    return std::string(is_quoted ? value.substr(1, value.size() - 2) : value);
}

std::optional<SavedState> saved_state_in(const TextFile& file) {
    const auto object = json::parse_object(file.text);
    if (!object) return {};
    const json::Object& data = json::object_at(*object, "Data");
    SavedState saved;
    saved.cluster = name_in(json::string_at(data, "Cluster"));
    saved.instance_id = instance_id_in(json::string_at(data, "EC2InstanceID"));
    saved.arn = name_in(json::string_at(data, "ContainerInstanceArn"));
    if (saved.cluster.empty() && saved.instance_id.empty()) return {};
    return saved;
}

struct OwnId {
    std::string id; // empty: not known
    Evidence evidence;
};

const TextFile* file_of(const TextFiles& files, std::string_view name) {
    const auto found = files.find(name);
    return found == files.end() ? nullptr : &found->second;
}

// As the archive says it, or else the folder that everything in it is in.
OwnId own_id(const TextFiles& files, std::string_view path) {
    if (const TextFile* told = file_of(files, "instance-id.txt")) {
        for (const TextLine& line : lines_of(*told)) {
            if (std::string id = instance_id_in(trimmed(line.text)); !id.empty())
                return {std::move(id), evidence_at(*told, line)};
        }
    }
    for (const std::string& folder : split(path, '/')) {
        if (std::string id = instance_id_in(folder); !id.empty())
            return {id, {std::string(path), 0, "the folder is that of " + id, {}}};
    }
    return {};
}

Sign other_instance(const TextFile& file, const SavedState& saved, const OwnId& own) {
    return {
        "STALE_IDENTITY",
        Certainty::likely,
        fmt::format("the saved state is of instance {}, and this is {}: the image was made with "
                    "/var/lib/ecs/data in it",
                    saved.instance_id,
                    own.id),
        {{file.path, 0, "EC2InstanceID " + saved.instance_id, {}}, own.evidence}};
}

Sign other_cluster(const TextFile& file,
                   const SavedState& saved,
                   const std::string& configured,
                   Evidence setting) {
    Sign sign{"CLUSTER_MISMATCH",
              Certainty::likely,
              fmt::format("the agent was registered in cluster '{}', and ECS_CLUSTER says '{}': it "
                          "ends with exit code 5",
                          saved.cluster,
                          configured),
              {std::move(setting), {file.path, 0, "Cluster " + saved.cluster, {}}}};
    sign.remedy = {
        fmt::format("put the old name back (ECS_CLUSTER={}) in /etc/ecs/ecs.config, then `sudo "
                    "systemctl restart ecs`",
                    saved.cluster),
        "or move, if `aws ecs list-clusters` shows the new one: `sudo systemctl stop ecs; sudo rm "
        "-f "
        "/var/lib/ecs/data/agent.db /var/lib/ecs/data/ecs_agent_data.json; sudo systemctl start "
        "ecs`, and deregister the old container instance"};
    sign.instead_of = Sign::all_steps;
    return sign;
}

} // namespace

std::optional<Look> look_at_saved_state(const TextFiles& files) {
    const TextFile* file = file_of(files, "ecs-agent/ecs_agent_data.txt");
    const auto saved = file == nullptr ? std::nullopt : saved_state_in(*file);
    if (!saved) return {};
    const TextFile* config = file_of(files, "ecs-agent/ecs.config");
    const Settings settings = config == nullptr ? Settings() : settings_of(*config);
    const OwnId own = is_external(settings) ? OwnId() : own_id(files, file->path);
    const Setting* cluster = set(settings, "ECS_CLUSTER");
    const std::string configured =
        cluster == nullptr ? std::string() : name_in(unquoted(cluster->value));
    std::vector<Sign> signs;
    // An agent that finds another instance's state begins anew, and compares no cluster.
    if (!own.id.empty() && !saved->instance_id.empty() && own.id != saved->instance_id)
        signs.push_back(other_instance(*file, *saved, own));
    else if (!configured.empty() && !saved->cluster.empty() && configured != saved->cluster)
        signs.push_back(
            other_cluster(*file, *saved, configured, evidence_at(*config, cluster->line)));
    Look look = healthy(
        "agent-state",
        fmt::format("{}: registered in cluster {} as {}", file->path, saved->cluster, saved->arn));
    if (!signs.empty()) {
        const std::string wrong = signs.front().summary;
        look = finding("agent-state", wrong, std::move(signs));
    }
    look.names.container_instance = saved->arn;
    return look;
}

} // namespace squall::doctor
