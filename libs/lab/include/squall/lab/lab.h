// The practice cluster: brought up, looked at, entered and taken down. Every function finds the lab
// through the state directory ($XDG_STATE_HOME/squall/lab, else ~/.local/state/squall/lab): one lab
// for each.
#pragma once

#include "squall/base/json.h"
#include "squall/base/result.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace squall::lab {

// Container instances that differ from the others: what users of ECS meet, and a tool has to
// recognise.
//   unmanaged     no SSM agent
//   offline       its SSM agent has stopped: ConnectionLost
//   agent_down    its ECS agent has stopped
//   external      ECS Anywhere: mi-…, no instance metadata
//   upstart       Amazon Linux 1: no systemd
//   windows, bottlerocket   virtual: nothing runs there
enum class HostKind {
    standard,
    unmanaged,
    offline,
    agent_down,
    external,
    upstart,
    windows,
    bottlerocket
};

// By the names that --with takes ("agent-down").
[[nodiscard]] std::optional<HostKind> host_kind_named(std::string_view name);
[[nodiscard]] std::string_view name_of(HostKind kind);
// Nothing runs there.
[[nodiscard]] bool is_virtual(HostKind kind);
[[nodiscard]] std::vector<std::string> host_kind_names();

// Instances that are there for the API only; see docs/lab.md.
struct VirtualInstances {
    static constexpr int count_max = 20'000;

    int count = 0;
    int failing_percent = 0; // of them: every script fails there
    int silent_percent = 0;  // of them: SSM shows them online, and they never take a command
    int latency_ms = 150;    // an agent answers after half to one and a half times this, at random
    std::uint64_t seed = 1;
};

// What runs the tasks' containers on the hosts.
enum class ContainerRuntime {
    built_in, // the lab's own, behind the part of the Docker Engine API that the ECS agent uses
    docker,   // dockerd of the machine, one for each host; root only
};

// By the names that --runtime takes ("built-in", "docker").
[[nodiscard]] std::optional<ContainerRuntime> container_runtime_named(std::string_view name);
[[nodiscard]] std::string_view name_of(ContainerRuntime runtime);

struct LabOptions {
    static constexpr int instances_max = 250; // of all that are not virtual
    static constexpr int zones_max = 6;
    static constexpr std::uint16_t default_port = 4747;

    int instances = 3;            // standard ones
    std::vector<HostKind> others; // beside these
    VirtualInstances virtual_instances;
    int zones = 3;                     // that all of them are spread over
    std::uint16_t port = default_port; // of the endpoint on 127.0.0.1; 0: any free one
    std::string cluster = "demo";
    std::string region = "us-east-1";
    ContainerRuntime runtime = ContainerRuntime::built_in;
    // With a rule, a queue, a topic with a mailbox, and `squall monitor run` on them.
    bool with_monitor = false;
    std::string monitor_grace = "300";
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

// {"endpoint", "cluster", "region", "instances": […], "services": […], "load_balancers": […],
// "api": {"broken": […], "throttling"}}; not_found when no lab runs.
[[nodiscard]] Result<json::Object> status();

// State-change events as EventBridge would give them, those after the one with this sequence
// number.
[[nodiscard]] Result<json::Array> events(std::uint64_t after);

// The mail that SNS has sent, those after the one with this number: number, when, to, topic,
// topic_arn, subject, body.
[[nodiscard]] Result<json::Array> mail(std::uint64_t after);

// Changes how the endpoint treats its callers; `squall lab api`, and docs/bad-day.md.
//   break       {"calls": "ssm:SendCommand", "how": "throttle"} and, where wanted, "times", "share"
//               (percent), "seed", "for" ("60s"). Gives what status() then has of it.
//   mend        {"id": 1}, or {} for all of them
//   throttling  {"on": true}
//   expire      {"role": NAME}: its temporary credentials end now
//   spot        {"instance": as for run_in_host(), "notice_ms": 120000}: EC2 takes it back then, as
//               a Spot Instance; its metadata and EventBridge say so at once
// invalid_input says what is wrong with the order.
[[nodiscard]] Result<json::Object> order_api(const std::string& verb, const json::Object& order);

// What is broken on its hosts on purpose; `squall lab break`, and docs/lab-break.md.
//   list  {}: {"causes": [{"cause", "summary", "sign"}]}; takes no lab
//   show  {}: {"broken": [the same, with "instance" and "since"]}
//   make  {"instance": as for run_in_host(), "cause": NAME}; or "random": true and, where wanted,
//         "seed": then the answer has the seed in place of the cause
//   mend  {"instance": …}, or {} for all hosts: {"hosts": [{"instance", "mended": [NAME]}]}
// Waits until it is done: for making up to a minute or two, for mending until the agents are
// connected again.
[[nodiscard]] Result<json::Object> order_break(const std::string& verb, const json::Object& order);

// Lines for a shell: endpoint, keys, region.
[[nodiscard]] Result<std::string> environment_lines();

// Runs a command inside a host, named by instance id, container instance ARN or id, or ordinal (1
// for the first), on our own standard input and outputs. Its exit code.
[[nodiscard]] Result<int> run_in_host(const std::string& instance,
                                      const std::vector<std::string>& command);

} // namespace squall::lab
