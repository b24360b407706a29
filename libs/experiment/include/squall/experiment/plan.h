// What a run would do, worked out beforehand and not changed any more: on which hosts, with which
// commands and calls, with which permissions, and what it leaves. It has a hash: the same plan of
// the same world has the same one.
#pragma once

#include "squall/experiment/tunable.h"
#include "squall/host/shell.h"

#include <string>
#include <vector>

namespace squall::experiment {

// Where a tunable has its value from, when chance gave it.
inline constexpr const char* source_chance = "chosen by chance";

// A task of a fault that works on tasks; its host is the target.
struct TargetTask {
    std::string id; // the last part of its ARN
    std::string arn;
    std::string container; // the one that serves the port
    std::string network_mode;
    std::int64_t port = 0;      // of the container
    std::int64_t host_port = 0; // where the host's clients reach it; 0: nowhere
    std::size_t wave = 0;       // the first is 1; 0 where nothing is injected
};

struct Target {
    std::string instance_id; // i-…, mi-…
    std::string arn;         // of the container instance
    std::string availability_zone;
    std::string platform; // "Amazon Linux 2023"
    host::Shell shell = host::Shell::posix;
    std::int64_t running_tasks = 0;
    std::size_t wave = 0;      // the first is 1; 0 where nothing is injected
    bool is_reachable = false; // SSM can have it run a script
    // Why nothing is done there; empty: the fault is injected.
    std::string skip;
    std::string advice; // what would make it a target
    // Of a fault that works on tasks, by id; none where it works on the host itself.
    std::vector<TargetTask> tasks;

    [[nodiscard]] bool is_injected() const { return skip.empty(); }
};

// How the targets were picked from the container instances of the cluster.
struct Selection {
    std::size_t registered = 0; // in the cluster
    std::size_t matched = 0;    // of them, those that the experiment speaks of
    std::string how;            // in words; empty: all of them
};

// What speaks against the fault, as the world was when the plan was made.
struct GuardFinding {
    std::string guard; // alarm, deployment, disconnected, min-connected, monitor
    std::string text;
    bool refuses = false; // nothing may be injected while it is so
};

// The program that hosts run for the fault, and where they get it from.
struct PlannedHelper {
    std::string architecture; // x86_64, aarch64
    std::string sha256;
    std::string source; // s3://BUCKET/KEY or a URL; empty: it has to be there already
};

// A call the run makes, and how often at the most; "per look" where it is repeated while waiting.
struct PlannedCall {
    std::string operation; // "ecs:DescribeContainerInstances"
    std::int64_t count = 0;
    bool per_look = false;
};

// What hosts with this shell are sent, with <run>, <not-after> and <restore-at> where a run fills
// them in.
struct HostScripts {
    host::Shell shell = host::Shell::posix;
    std::string inject;
    std::string revert;
};

struct Plan {
    std::string experiment; // its name; may be empty
    std::string fault;
    std::string region;
    std::string cluster;   // ARN
    std::string principal; // who runs it (ARN)
    std::string endpoint;  // "" in no world that differs from AWS's own
    TunableValues tunables;
    std::vector<TunableSpec> specs;
    std::vector<Target> targets; // by instance id
    Selection selection;
    std::string sequence = "parallel"; // serial: one host after another; waves: group by group
    Seconds duration{0};
    Seconds ramp{0};
    std::vector<HostScripts> scripts; // one for each shell that the hosts have
    std::vector<PlannedCall> calls;
    std::vector<std::string> permissions;
    std::vector<std::string> warnings;
    std::vector<GuardFinding> guards;
    std::vector<PlannedHelper> helpers; // none of a fault that needs none

    [[nodiscard]] std::vector<std::string> injected_ids() const;
    // The tasks that have the fault in this wave; of these instances, by id.
    [[nodiscard]] std::vector<std::string>
    tasks_of_wave(std::size_t wave, const std::vector<std::string>& instance_ids) const;
    [[nodiscard]] std::size_t task_count() const;
    // Another plan of the same world may choose other hosts.
    [[nodiscard]] bool is_by_chance() const;
    // The instance ids that have the fault at the same time, first those who have it first. Where
    // waves are of tasks, an instance may be in several.
    [[nodiscard]] std::vector<std::vector<std::string>> waves() const;
    [[nodiscard]] std::size_t wave_count() const;
    // Everything above, for people's programs and for the hash.
    [[nodiscard]] json::Object to_json() const;
    [[nodiscard]] static Result<Plan> from_json(const json::Object& object);
    // SHA-256 over what the run depends on. Task counts, which come and go, are not part of it.
    [[nodiscard]] std::string hash() const;
};

} // namespace squall::experiment
