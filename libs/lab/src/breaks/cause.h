// One reason for which an instance's agent is disconnected, as the lab makes it true: an entry of
// the table in catalogue.cc.
#pragma once

#include "breaks/step.h"
#include "squall/lab/lab.h"

#include <optional>
#include <string_view>

namespace squall::lab::breaks {

// What there is to see of it where somebody looks at the instance from afar.
enum class Sign {
    disconnected, // ECS says agentConnected false
    impaired,     // the agent is connected, and says that the container runtime is IMPAIRED
    ghost,        // the agent is connected as another container instance than before
    connected,    // nothing
};

[[nodiscard]] std::string_view name_of(Sign sign);

// What a host is, as far as causes ask.
struct HostFacts {
    HostKind kind = HostKind::standard;
    ContainerRuntime runtime = ContainerRuntime::built_in;
};

// What a host has to have for a cause to be true there.
enum class Need {
    nothing,
    systemd,         // drop-in files of units
    ec2,             // instance metadata, and a role by it
    built_in_docker, // the lab's own engine, under systemd
};

struct Cause {
    std::string_view id;      // as `squall doctor` names it
    std::string_view variant; // which of several ways; empty for the usual one
    std::string_view summary; // what is done, in one sentence
    Need need = Need::nothing;
    Sign sign = Sign::disconnected;
    Steps (*make)() = nullptr;
    // From every state that the host may have got into since, and a second time. It ends with an
    // agent that runs, unless another cause keeps it from that.
    Steps (*undo)(const json::Object& before) = nullptr;
    // What steps of other causes leave alone while this one is true.
    Keeps keeps = Keeps::nothing;
    bool boots_host = false;     // when it is made
    bool registers_anew = false; // when it is undone: the host is another container instance then

    // "IAM_DENIED:ecs:Poll"
    [[nodiscard]] std::string name() const;
    // Why it cannot be made true on such a host; nothing where it can.
    [[nodiscard]] std::optional<std::string> obstacle(const HostFacts& host) const;
};

} // namespace squall::lab::breaks
