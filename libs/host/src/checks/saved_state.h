// What the agent has saved of itself, and whether it fits the host: for who reads the state on the
// host, and for who reads of it from afar.
#pragma once

#include "checks/agent_config.h"
#include "checks/look.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace squall::host {

inline constexpr const char* usual_state_folder = "/var/lib/ecs/data";
// In the order in which they count.
inline constexpr std::array state_files{"agent.db", "agent.json", "ecs_agent_data.json"};

// Empty: it is not saved.
struct SavedState {
    std::string file; // "/var/lib/ecs/data/agent.db"
    std::string cluster;
    std::string instance_id;
    std::string arn;
};

// What this host is told, and is. Empty: not known.
struct OwnIdentity {
    std::optional<ConfigLine> cluster; // ECS_CLUSTER; without it the agent keeps to the saved one
    std::string instance_id;           // empty too where the agent does not ask for it
    std::string metadata_url;
};

[[nodiscard]] std::vector<Sign> mismatches(const SavedState& saved, const OwnIdentity& own);
// "FILE: registered in cluster web as arn:…"
[[nodiscard]] std::string text_of(const SavedState& saved);

// Who has the lock for which an agent waits, for ever and without a word.
struct LockHolder {
    std::int64_t pid = 0;
    std::string name; // "backup"
};

// `seen_in`: the file or folder that says so. `has_agent`: one is running, and waits.
[[nodiscard]] Sign locked_state(const std::string& file,
                                const LockHolder& holder,
                                const std::string& seen_in,
                                bool has_agent);
[[nodiscard]] Sign folder_for_state(const std::string& file);
[[nodiscard]] Sign corrupt_state(const std::string& file, const std::string& why);
[[nodiscard]] Look nothing_saved_yet(const std::string& file);
[[nodiscard]] Look no_state(const std::string& folder);
// Something else has its name.
[[nodiscard]] Look file_for_state_folder(const std::string& folder);
[[nodiscard]] Look no_state_folder(const std::string& folder, bool has_agent);

} // namespace squall::host
