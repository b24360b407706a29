// What a lab leaves where later commands find it: $XDG_STATE_HOME/squall/lab.
#pragma once

#include "squall/base/file.h"
#include "squall/base/json.h"

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace squall::lab {

struct LabPaths {
    Path folder;
    Path lock;    // held by the lab while it lives
    Path state;   // LabState, readable by its owner only: it holds the keys
    Path control; // its control socket
    Path log;
    Path mounts; // an empty folder

    [[nodiscard]] static Result<LabPaths> find();
};

// A process, and when it began: a number alone may be somebody else's by now.
struct ProcessRef {
    pid_t pid = 0;
    std::string start_time; // field 22 of /proc/PID/stat

    [[nodiscard]] static ProcessRef of(pid_t pid);
    [[nodiscard]] bool is_alive() const;
};

struct LabState {
    std::string endpoint;
    std::string cluster;
    std::string region;
    std::string access_key_id;
    std::string secret_access_key;
    std::string monitor_store;     // empty where there is no monitor
    std::vector<ProcessRef> hosts; // the holders of the hosts, and their first processes

    // What leads an AWS client here, by the names of its environment.
    [[nodiscard]] std::vector<std::pair<const char*, std::string>> variables() const;
    [[nodiscard]] Result<void> save(const LabPaths& paths) const;
    [[nodiscard]] static Result<LabState> load(const LabPaths& paths);
};

} // namespace squall::lab
