// Starts a container's first process: new namespaces, this program again as `lab-host container`
// (setup.h) inside them, and, when the caller has given it a network, the container's program.
// Blocks for the few milliseconds this takes. The process belongs to no one's session but its own
// and lives on if its starter dies.
#pragma once

#include "runtime/launch_spec.h"
#include "squall/base/clock.h"
#include "squall/base/fd.h"

#include <optional>

namespace squall::labhost::runtime {

// Descriptors that the setup step finds open.
namespace setup_fd {
inline constexpr int spec = 3;    // the LaunchSpec's text
inline constexpr int control = 4; // one byte: go on; end of stream: give up
inline constexpr int report = 5;  // one byte before the program is started; then a StartFailure
} // namespace setup_fd

// A container's process that waits for its network, or runs. Ends the process when destroyed before
// it was released; after that it is its owner who waits for it (waitpid).
class LaunchedProcess {
public:
    LaunchedProcess(LaunchedProcess&&) noexcept = default;
    LaunchedProcess& operator=(LaunchedProcess&&) = delete;
    ~LaunchedProcess();

    [[nodiscard]] pid_t pid() const { return pid_; }

    // Of its network; close on exec.
    [[nodiscard]] Result<Fd> network_namespace() const;

    // Lets it start its program; returns when that has happened or has failed.
    [[nodiscard]] Result<void, StartFailure> release(Deadline deadline);

    // Readable when the process has ended.
    [[nodiscard]] Fd take_pidfd() { return std::move(pidfd_); }

    // What it writes; not blocking. The container itself holds the reading side too: with nobody
    // there to read, its writes wait instead of failing.
    [[nodiscard]] Fd take_output() { return std::move(output_); }

    [[nodiscard]] Fd take_errors() { return std::move(errors_); }

private:
    friend Result<LaunchedProcess> launch(const LaunchSpec&, std::optional<int>, bool);
    LaunchedProcess() = default;

    pid_t pid_ = 0;
    bool released_ = false;
    Fd pidfd_;
    Fd control_;
    Fd report_;
    Fd output_;
    Fd errors_;
};

// In the network namespace `join_network` (borrowed), or in a new one, or (neither) in the
// caller's.
[[nodiscard]] Result<LaunchedProcess>
launch(const LaunchSpec& spec, std::optional<int> join_network, bool new_network);

} // namespace squall::labhost::runtime
