// What the agent remembers in agent.db: who it was registered as, and whether that still fits.
#include "checks/agent_pid.h"
#include "checks/bolt.h"
#include "checks/checks.h"
#include "checks/words.h"
#include "squall/base/text.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <array>

namespace squall::host {
namespace {

constexpr std::size_t state_max = 64U << 20U;
constexpr const char* usual_folder = "/var/lib/ecs/data";

struct SavedState {
    std::string file;
    std::string cluster;
    std::string instance_id;
    std::string arn;
};

// A JSON text as the agent writes its values; empty where it is none.
std::string text_of(const std::string& value) {
    const auto parsed = json::parse(value);
    return parsed ? std::string(json::string_of(*parsed)) : std::string();
}

Result<void> read_bolt(std::string_view bytes, SavedState& into) {
    const auto values = read_bucket(bytes, "metadata");
    if (!values) return fail(values.error());
    const auto get = [&](const char* key) {
        const auto found = values->find(key);
        return found == values->end() ? std::string() : text_of(found->second);
    };
    into.cluster = get("cluster-name");
    into.instance_id = get("ec2-instance-id");
    into.arn = get("container-instance-arn");
    return {};
}

// Of agents before 1.44 {"Data":{"Cluster":…}}, of a lab's agent {"cluster-name":…}.
Result<void> read_json(std::string_view bytes, SavedState& into) {
    const auto object = json::parse_object(bytes);
    if (!object) return fail(object.error());
    const json::Object& data = json::object_at(*object, "Data");
    const auto get = [&](const char* key, const char* old_key) {
        return std::string(json::string_at(*object, key, json::string_at(data, old_key)));
    };
    into.cluster = get("cluster-name", "Cluster");
    into.instance_id = get("ec2-instance-id", "EC2InstanceID");
    into.arn = get("container-instance-arn", "ContainerInstanceArn");
    return {};
}

// Who holds the lock on a file, by /proc/locks: "1: FLOCK  ADVISORY  WRITE 4 00:28:61 0 EOF".
std::vector<pid_t> lock_holders(const Facts& facts, const Path& file) {
    struct stat info {};

    if (::stat(file.c_str(), &info) != 0) return {};
    const std::string wanted =
        fmt::format("{:02x}:{:02x}:{}", major(info.st_dev), minor(info.st_dev), info.st_ino);
    std::vector<pid_t> holders;
    const auto text = read_file(facts.path("/proc/locks"), 1U << 20U).value_or("");
    for (const std::string& line : split(text, '\n')) {
        const auto words = words_of(line);
        if (words.size() < 6 || words[1] != "FLOCK" || words[5] != wanted) continue;
        if (const auto pid = to_integer(words[4]); pid && *pid > 0)
            holders.push_back(static_cast<pid_t>(*pid));
    }
    return holders;
}

// bbolt waits for its lock for ever, and without a word.
std::optional<Sign> locked(Facts& facts, const std::string& file, Deadline deadline) {
    const auto holders = lock_holders(facts, facts.path(file));
    if (holders.empty()) return std::nullopt;
    const auto agent = find_agent(facts, deadline);
    if (agent && agent->pid == holders.front()) return std::nullopt;
    const auto name = read_file(facts.path(fmt::format("/proc/{}/comm", holders.front())), 256);
    const std::string holder =
        fmt::format("process {} ({})", holders.front(), trimmed(name.value_or("?")));
    return sign(
        "STATE_LOCKED",
        agent ? Certainty::certain : Certainty::likely,
        agent ? fmt::format("{} holds the lock on {}, and the agent waits for it", holder, file)
              : fmt::format(
                  "{} holds the lock on {}: an agent that starts waits for it", holder, file),
        {evidence("/proc/locks", fmt::format("FLOCK on {} by {}", file, holder))},
        {fmt::format("stop process {}", holders.front())});
}

Sign corrupt(const std::string& file, const std::string& why) {
    const std::string name = Path(file).filename().string();
    auto found = sign("STATE_CORRUPT",
                      Certainty::certain,
                      fmt::format("the agent's state cannot be read: {}", why),
                      {evidence(file, why)},
                      {fmt::format("`sudo systemctl stop ecs; sudo mv {} /root/{}.broken; sudo "
                                   "systemctl start ecs`",
                                   file,
                                   name)});
    found.instead_of = 1;
    return found;
}

void compare(Facts& facts, const SavedState& saved, Deadline deadline, std::vector<Sign>& signs) {
    const auto* config = facts.config(deadline);
    const ConfigLine* cluster = config == nullptr ? nullptr : config->find("ECS_CLUSTER");
    // Without ECS_CLUSTER the agent keeps to the saved one.
    if (cluster != nullptr && !cluster->value.empty() && !saved.cluster.empty()
        && cluster->value != saved.cluster)
        signs.push_back(sign("CLUSTER_MISMATCH",
                             Certainty::certain,
                             fmt::format("the agent was registered in cluster '{}', and "
                                         "ECS_CLUSTER says '{}': it ends with exit code 5",
                                         saved.cluster,
                                         cluster->value),
                             {evidence(cluster->place, "ECS_CLUSTER=" + cluster->value),
                              evidence(saved.file, "cluster-name " + saved.cluster)}));
    if (config != nullptr && config->is_true("ECS_EXTERNAL")) return;
    const auto* metadata = facts.metadata(deadline);
    if (metadata == nullptr || metadata->instance_id.empty() || saved.instance_id.empty()
        || metadata->instance_id == saved.instance_id)
        return;
    signs.push_back(sign("STALE_IDENTITY",
                         Certainty::certain,
                         fmt::format("the saved state is of instance {}, and this is {}: the image "
                                     "was made with /var/lib/ecs/data in it",
                                     saved.instance_id,
                                     metadata->instance_id),
                         {evidence(saved.file, "ec2-instance-id " + saved.instance_id),
                          evidence(metadata->url, "instanceId " + metadata->instance_id)}));
}

} // namespace

Look check_agent_state(Facts& facts, Deadline deadline) {
    const auto* config = facts.config(deadline);
    std::error_code ignored;
    std::string folder = usual_folder;
    // What a container calls /data is not there on its host.
    if (const std::string given = config == nullptr ? "" : config->get("ECS_DATADIR");
        !given.empty() && std::filesystem::is_directory(facts.path(given), ignored))
        folder = given;
    if (!std::filesystem::is_directory(facts.path(folder), ignored)) {
        if (!std::filesystem::exists(facts.path("/etc/ecs"), ignored))
            return not_here("this host has no ECS agent: neither /etc/ecs nor " + folder);
        return finding(
            sign("DATA_DIR",
                 Certainty::likely,
                 fmt::format("{} is not there: the agent has no place for its state", folder),
                 {evidence(folder, "no such folder")},
                 {"sudo mkdir -p " + folder}));
    }
    SavedState saved;
    for (const char* name : {"agent.db", "agent.json", "ecs_agent_data.json"}) {
        saved.file = fmt::format("{}/{}", folder, name);
        const auto bytes = read_file(facts.path(saved.file), state_max);
        if (!bytes && bytes.error().code == Errc::not_found) continue;
        if (!bytes) return could_not_look(bytes.error().message, "sudo strings " + saved.file);
        // What has just been made is empty; whoever opens it makes it whole.
        if (bytes->empty()) return healthy(saved.file + " is empty: nothing is saved yet");
        std::vector<Sign> signs;
        if (auto found = locked(facts, saved.file, deadline)) signs.push_back(std::move(*found));
        const bool is_json = bytes->front() == '{' && !is_bolt(*bytes);
        const auto read = is_json ? read_json(*bytes, saved) : read_bolt(*bytes, saved);
        if (read)
            compare(facts, saved, deadline, signs);
        else
            signs.push_back(corrupt(saved.file, read.error().message));
        Look look = finding_or_healthy(
            std::move(signs),
            fmt::format(
                "{}: registered in cluster {} as {}", saved.file, saved.cluster, saved.arn));
        look.names.container_instance = saved.arn;
        return look;
    }
    return healthy(folder + " holds no state: the agent has not registered yet");
}

} // namespace squall::host
