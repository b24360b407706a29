#include "checks/saved_state.h"

namespace squall::host {

std::vector<Sign> mismatches(const SavedState& saved, const OwnIdentity& own) {
    std::vector<Sign> signs;
    if (own.cluster && !own.cluster->value.empty() && !saved.cluster.empty()
        && own.cluster->value != saved.cluster)
        signs.push_back(sign("CLUSTER_MISMATCH",
                             Certainty::certain,
                             fmt::format("the agent was registered in cluster '{}', and "
                                         "ECS_CLUSTER says '{}': it ends with exit code 5",
                                         saved.cluster,
                                         own.cluster->value),
                             {evidence(own.cluster->place, "ECS_CLUSTER=" + own.cluster->value),
                              evidence(saved.file, "cluster-name " + saved.cluster)}));
    if (!own.instance_id.empty() && !saved.instance_id.empty()
        && own.instance_id != saved.instance_id)
        signs.push_back(sign("STALE_IDENTITY",
                             Certainty::certain,
                             fmt::format("the saved state is of instance {}, and this is {}: the "
                                         "image was made with /var/lib/ecs/data in it",
                                         saved.instance_id,
                                         own.instance_id),
                             {evidence(saved.file, "ec2-instance-id " + saved.instance_id),
                              evidence(own.metadata_url, "instanceId " + own.instance_id)}));
    return signs;
}

std::string text_of(const SavedState& saved) {
    return fmt::format("{}: registered in cluster {} as {}", saved.file, saved.cluster, saved.arn);
}

Sign locked_state(const std::string& file,
                  const LockHolder& holder,
                  const std::string& seen_in,
                  bool has_agent) {
    const std::string who =
        fmt::format("process {} ({})", holder.pid, holder.name.empty() ? "?" : holder.name);
    return sign(
        "STATE_LOCKED",
        has_agent ? Certainty::certain : Certainty::likely,
        has_agent
            ? fmt::format("{} holds the lock on {}, and the agent waits for it", who, file)
            : fmt::format("{} holds the lock on {}: an agent that starts waits for it", who, file),
        {evidence(seen_in, fmt::format("FLOCK on {} by {}", file, who))},
        {fmt::format("sudo kill {}", holder.pid)});
}

Sign folder_for_state(const std::string& file) { return corrupt_state(file, "it is a folder"); }

Sign corrupt_state(const std::string& file, const std::string& why) {
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

// What has just been made is empty; whoever opens it makes it whole.
Look nothing_saved_yet(const std::string& file) {
    return healthy(file + " is empty: nothing is saved yet");
}

Look no_state(const std::string& folder) {
    return healthy(folder + " holds no state: the agent has not registered yet");
}

Look file_for_state_folder(const std::string& folder) {
    Sign found = sign(
        "DATA_DIR",
        Certainty::certain,
        fmt::format("{} is a file: the agent needs a folder of that name for its state", folder),
        {evidence(folder, "it is no folder")},
        {fmt::format("`sudo systemctl stop ecs; sudo mv {0} {0}.file; sudo mkdir -p {0}; sudo "
                     "systemctl start ecs`",
                     folder)});
    // The general steps make a folder where nothing is.
    found.instead_of = Sign::all_steps;
    return finding(std::move(found));
}

Look no_state_folder(const std::string& folder, bool has_agent) {
    if (!has_agent) return not_here("this host has no ECS agent: neither /etc/ecs nor " + folder);
    return finding(
        sign("DATA_DIR",
             Certainty::likely,
             fmt::format("{} is not there: the agent has no place for its state", folder),
             {evidence(folder, "no such folder")},
             {"sudo mkdir -p " + folder}));
}

} // namespace squall::host
