// What the agent remembers in agent.db: who it was registered as, and whether that still fits.
#include "checks/agent_pid.h"
#include "checks/bolt.h"
#include "checks/checks.h"
#include "checks/saved_state.h"
#include "checks/words.h"
#include "squall/base/text.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <array>

namespace squall::host {
namespace {

constexpr std::size_t state_max = 64U << 20U;

// A JSON text as the agent writes its values; empty where it is none.
std::string text_in(const std::string& value) {
    const auto parsed = json::parse(value);
    return parsed ? std::string(json::string_of(*parsed)) : std::string();
}

Result<void> read_bolt(std::string_view bytes, SavedState& into) {
    const auto values = read_bucket(bytes, "metadata");
    if (!values) return fail(values.error());
    const auto get = [&](const char* key) {
        const auto found = values->find(key);
        return found == values->end() ? std::string() : text_in(found->second);
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

// Who has an open file whose lock it is: a child that has inherited it keeps it when who took it,
// and whom /proc/locks names, has ended. /proc/PID/fdinfo/FD says "lock:  1: FLOCK …".
std::optional<pid_t>
heir_of_lock(const Facts& facts, const std::string& wanted, Deadline deadline) {
    namespace fs = std::filesystem;
    constexpr std::size_t fdinfo_max = 1U << 14U;
    std::error_code error;
    fs::directory_iterator processes(facts.path("/proc"), error);
    for (; !error && processes != fs::directory_iterator(); processes.increment(error)) {
        const auto pid = to_integer(processes->path().filename().string());
        if (!pid) continue;
        if (deadline.passed()) break;
        std::error_code gone;
        fs::directory_iterator files(processes->path() / "fdinfo", gone);
        for (; !gone && files != fs::directory_iterator(); files.increment(gone)) {
            const auto info = read_file(files->path(), fdinfo_max).value_or("");
            if (info.find("FLOCK") != std::string::npos && info.find(wanted) != std::string::npos)
                return static_cast<pid_t>(*pid);
        }
    }
    return std::nullopt;
}

// Who holds the lock on a file, by /proc/locks: "1: FLOCK  ADVISORY  WRITE 4 00:28:61 0 EOF".
std::vector<pid_t> lock_holders(const Facts& facts, const Path& file, Deadline deadline) {
    struct stat info {};

    if (::stat(file.c_str(), &info) != 0) return {};
    const std::string wanted =
        fmt::format("{:02x}:{:02x}:{}", major(info.st_dev), minor(info.st_dev), info.st_ino);
    std::vector<pid_t> holders;
    const auto text = read_file(facts.path("/proc/locks"), 1U << 20U).value_or("");
    for (const std::string& line : split(text, '\n')) {
        const auto words = words_of(line);
        if (words.size() < 6 || words[1] != "FLOCK" || words[5] != wanted) continue;
        const auto pid = to_integer(words[4]);
        if (!pid || *pid <= 0) continue;
        std::error_code ignored;
        const bool is_alive =
            std::filesystem::exists(facts.path(fmt::format("/proc/{}", *pid)), ignored);
        holders.push_back(
            is_alive ? static_cast<pid_t>(*pid)
                     : heir_of_lock(facts, wanted, deadline).value_or(static_cast<pid_t>(*pid)));
    }
    // In a PID namespace the kernel leaves out the locks of those who have ended. A running agent
    // has the lock: where nobody has it, there is time to look.
    if (holders.empty()) {
        if (const auto heir = heir_of_lock(facts, wanted, deadline)) holders.push_back(*heir);
    }
    return holders;
}

// bbolt waits for its lock for ever, and without a word.
std::optional<Sign> locked(Facts& facts, const std::string& file, Deadline deadline) {
    const auto holders = lock_holders(facts, facts.path(file), deadline);
    if (holders.empty()) return std::nullopt;
    const auto agent = find_agent(facts, deadline);
    if (agent && agent->pid == holders.front()) return std::nullopt;
    // An agent that ends at once each time had it, where another has it now, or nobody.
    if (lock_holders(facts, facts.path(file), deadline) != holders) return std::nullopt;
    const auto name = read_file(facts.path(fmt::format("/proc/{}/comm", holders.front())), 256);
    const LockHolder holder{holders.front(), std::string(trimmed(name.value_or("")))};
    return locked_state(file, holder, "/proc/locks", agent.has_value());
}

OwnIdentity identity_of(Facts& facts, Deadline deadline) {
    OwnIdentity own;
    const auto* config = facts.config(deadline);
    if (config != nullptr) {
        if (const ConfigLine* cluster = config->find("ECS_CLUSTER")) own.cluster = *cluster;
        if (config->is_true("ECS_EXTERNAL")) return own;
    }
    if (const auto* metadata = facts.metadata(deadline)) {
        own.instance_id = metadata->instance_id;
        own.metadata_url = metadata->url;
    }
    return own;
}

} // namespace

Look check_agent_state(Facts& facts, Deadline deadline) {
    const auto* config = facts.config(deadline);
    std::error_code ignored;
    std::string folder = usual_state_folder;
    // What a container calls /data is not there on its host.
    if (const std::string given = config == nullptr ? "" : config->get("ECS_DATADIR");
        !given.empty() && std::filesystem::is_directory(facts.path(given), ignored))
        folder = given;
    if (!std::filesystem::is_directory(facts.path(folder), ignored)) {
        const bool has_agent = std::filesystem::exists(facts.path("/etc/ecs"), ignored);
        return has_agent && std::filesystem::exists(facts.path(folder), ignored)
                   ? file_for_state_folder(folder)
                   : no_state_folder(folder, has_agent);
    }
    SavedState saved;
    for (const char* name : state_files) {
        saved.file = fmt::format("{}/{}", folder, name);
        if (std::filesystem::is_directory(facts.path(saved.file), ignored))
            return finding(folder_for_state(saved.file));
        const auto bytes = read_file(facts.path(saved.file), state_max);
        if (!bytes && bytes.error().code == Errc::not_found) continue;
        if (!bytes) return could_not_look(bytes.error().message, "sudo strings " + saved.file);
        if (bytes->empty()) return nothing_saved_yet(saved.file);
        std::vector<Sign> signs;
        if (auto found = locked(facts, saved.file, deadline)) signs.push_back(std::move(*found));
        const bool is_json = bytes->front() == '{' && !is_bolt(*bytes);
        const auto read = is_json ? read_json(*bytes, saved) : read_bolt(*bytes, saved);
        if (read) {
            auto more = mismatches(saved, identity_of(facts, deadline));
            std::move(more.begin(), more.end(), std::back_inserter(signs));
        } else {
            signs.push_back(corrupt_state(saved.file, read.error().message));
        }
        Look look = finding_or_healthy(std::move(signs), text_of(saved));
        look.names.container_instance = saved.arn;
        return look;
    }
    return no_state(folder);
}

} // namespace squall::host
