// The practice cluster: brought up, looked at, entered and taken down. Every function finds the lab
// through the state directory ($XDG_STATE_HOME/squall/lab, else ~/.local/state/squall/lab): one lab
// for each.
#pragma once

#include "squall/base/json.h"
#include "squall/base/result.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace squall::lab {

struct LabOptions {
    static constexpr int instances_max = 250;
    static constexpr std::uint16_t default_port = 4747;

    int instances = 3;
    std::uint16_t port = default_port; // of the endpoint on 127.0.0.1; 0: any free one
    std::string cluster = "demo";
    std::string region = "us-east-1";
};

// Runs a lab in this process until SIGINT, SIGTERM or down(). `say` gets one line at a time, for
// people; one that begins with "ready " names the endpoint. Cleans up before it begins what a
// killed lab left, and after itself. Fails with conflict when a lab runs already, and with denied
// where neither root nor a user namespace gives it its rights. For a process with one thread.
[[nodiscard]] Result<void> up(const LabOptions& options,
                              const std::function<void(const std::string& line)>& say);

// The same in a process of its own, and returns when it is ready (its ready line), or why it is
// not.
[[nodiscard]] Result<std::string> up_detached(const LabOptions& options);

// Ends the lab, however much of it still lives, and removes its files. False when there was none.
[[nodiscard]] Result<bool> down();

// {"endpoint", "cluster", "region", "instances": […], "services": […], "api": {"broken": […],
// "throttling"}}; not_found when no lab runs.
[[nodiscard]] Result<json::Object> status();

// State-change events as EventBridge would give them, those after the one with this sequence
// number.
[[nodiscard]] Result<json::Array> events(std::uint64_t after);

// Changes how the endpoint treats its callers; `squall lab api`, and docs/bad-day.md.
//   break       {"calls": "ssm:SendCommand", "how": "throttle"} and, where wanted, "times", "share"
//               (percent), "seed", "for" ("60s"). Gives what status() then has of it.
//   mend        {"id": 1}, or {} for all of them
//   throttling  {"on": true}
//   expire      {"role": NAME}: its temporary credentials end now
// invalid_input says what is wrong with the order.
[[nodiscard]] Result<json::Object> order_api(const std::string& verb, const json::Object& order);

// Lines for a shell: endpoint, keys, region.
[[nodiscard]] Result<std::string> environment_lines();

// Runs a command inside a host, named by instance id, container instance ARN or id, or ordinal (1
// for the first), on our own standard input and outputs. Its exit code.
[[nodiscard]] Result<int> run_in_host(const std::string& instance,
                                      const std::vector<std::string>& command);

} // namespace squall::lab
