// What making a cause true, or undoing it, consists of: steps, one after the other. Values.
#pragma once

#include "breaks/kept.h"
#include "breaks/ways.h"
#include "cloud/cloud.h"

#include <functional>
#include <string>
#include <variant>
#include <vector>

namespace squall::lab::breaks {

// Under this name Site::before has the ARN that the host's container instance had.
inline constexpr std::string_view container_instance_member = "containerInstanceArn";
// And under this one, an array, those of its container instances whose agents were gone before
// anything was broken there: ghosts that are somebody else's.
inline constexpr std::string_view ghosts_member = "ghosts";

// An instance and the cloud around it, as the lab's daemon sees them.
struct Site {
    Cloud& cloud;
    Ways& ways;
    std::string instance_id;
    json::Object before; // how things were; nobody on the host can see it
    Kept kept = {};      // by the other causes that are true there

    [[nodiscard]] ec2::Instance* ec2() const;
    // Of the container instances that this host has registered as, the connected one, else the
    // newest; null where there is none.
    [[nodiscard]] ecs::ContainerInstance* container_instance() const;
};

// Deregisters by force all that the site's host is for ECS but this one, which may be none, and the
// ghosts that were there before.
void forget_registrations(Site& site, std::string_view spared_arn);

// A script for the host's shell, run as root.
struct OnHost {
    std::string script;
    std::string kept_as; // where its output goes in Site::before; empty: nowhere
};

enum class UnitOrder {
    stop_agent,
    restart_agent,
    start_agent,
    stop_docker,
    start_docker,
    restart_docker,
};

// For the host's services, as far as other causes let it: see units.h.
struct OnUnits {
    UnitOrder order;
};

// At once, in the daemon.
struct InCloud {
    std::function<Result<void>(Site& site)> act;
};

// Until something has come about, which is asked for again and again.
struct Awaited {
    std::string what;
    std::function<bool(Site& site)> has_come;
    Seconds patience{60};
};

using Step = std::variant<OnHost, OnUnits, InCloud, Awaited>;
using Steps = std::vector<Step>;

} // namespace squall::lab::breaks
