// The network of a task in awsvpc mode, made as the agent's CNI plugins make it: the elastic
// network interface moves from the host into the task's network namespace as eth0, and ecs-eth0
// leads from there to the host, for the credentials at 169.254.170.2 and for the instance's
// metadata. Changes the network namespace it is called in, by `ip`; blocks for some milliseconds.
// All of it goes with the task's namespace.
#pragma once

#include "squall/base/json.h"
#include "squall/base/result.h"

#include <sys/types.h>

#include <optional>
#include <string>

namespace squall::labhost {

// An element of a payload's elasticNetworkInterfaces.
struct TaskInterface {
    std::string id; // eni-…
    std::string mac;
    std::string address; // with the length of its subnet's prefix
    std::string gateway;
    std::string host_name;

    // The error says what is missing, as the agent does.
    [[nodiscard]] static Result<TaskInterface> parse(const json::Value& payload);

    // Without the prefix.
    [[nodiscard]] std::string plain_address() const { return address.substr(0, address.find('/')); }
};

// The name of the interface with this MAC in the caller's network namespace; nothing while it is
// not there.
[[nodiscard]] std::optional<std::string> interface_with_mac(const std::string& mac);

// The host's side of all tasks, 169.254.172.0/22: the bridge itself has the first address.
inline constexpr int local_part_min = 2;
inline constexpr int local_part_max = 1022;

// Makes the network of this process's namespace, or what is missing of it after an interruption.
// `local_part` is the task's own among the host's tasks. What is still there of an earlier task
// with the same part is taken away.
[[nodiscard]] Result<void>
connect_task(const TaskInterface& interface, int local_part, pid_t process);

} // namespace squall::labhost
