// Looks at the host that it runs on: what keeps its ECS agent from being connected?
#pragma once

#include "squall/base/clock.h"
#include "squall/base/subprocess.h"
#include "squall/doctor/finding.h"
#include "squall/transport/probe.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace squall::host {

// Where a host is looked at. The defaults are the host that this runs on; tests put others in.
// Everything in it is used from several threads at once.
struct Ground {
    Path root = "/"; // above /etc, /proc, /run and /var
    std::string metadata_url = "http://169.254.169.254";
    std::string introspection_url = "http://127.0.0.1:51678";
    std::optional<Path> ca_file; // nothing: where agents find theirs
    std::function<Result<Finished>(const Command& command, Deadline deadline)> run =
        [](const Command& command, Deadline deadline) {
            return squall::run(command, deadline);
        };
    std::function<transport::NameAnswer(const std::string& host, Deadline deadline)> look_up =
        transport::look_up;
    std::function<WallTime()> now = [] {
        return Wall::now();
    };
};

// The longest that a checkup takes, whatever hangs.
inline constexpr Seconds checkup_max{15};

// All checks, side by side, in a fixed order; on a machine without an ECS agent only the look that
// says so. Returns at the deadline at the latest: what has not
// answered by then is a Look that says so, and its thread is left behind. Such a thread ends by
// itself as soon as the kernel gives it back; where that is never (a file system whose server is
// gone), the process cannot be reaped before: whoever must not hang asks for a checkup in a process
// of its own.
[[nodiscard]] std::vector<doctor::Look> check_up(const Ground& ground, Deadline deadline);

// The look that says that there is no ECS agent on the machine.
[[nodiscard]] bool is_without_agent(const doctor::Look& look);

// The same for this host, in a process of its own. For a process that has one thread.
[[nodiscard]] std::vector<doctor::Look> check_up_apart();

} // namespace squall::host
