// Starts a further program in a running container, as Docker's exec does: in its namespaces, with
// its environment and no more rights than it has. This program again, as `lab-host container-exec`,
// goes there first. Does not wait for anything.
#pragma once

#include "runtime/launch_spec.h"
#include "squall/base/fd.h"

namespace squall::labhost::runtime {

// Descriptors that the role finds open.
namespace exec_fd {
inline constexpr int spec = 3;      // the LaunchSpec's text
inline constexpr int container = 4; // a pidfd of the container's first process
inline constexpr int report = 5;    // why the program could not be started, in runc's words
} // namespace exec_fd

// A child of ours; whoever has it waits for it. When it is killed, so is the program.
struct ExecProcess {
    pid_t pid = 0;
    Fd pidfd;  // readable when it has ended
    Fd output; // what the program writes to both of its streams; not blocking
    Fd report; // not blocking
};

// `spec` is the container's, with the argv of what is to run; `container` is borrowed.
[[nodiscard]] Result<ExecProcess> exec_in_container(const LaunchSpec& spec, const Fd& container);

// The role `container-exec`: ends with the program's exit code.
[[nodiscard]] int run_container_exec(const std::vector<std::string>& arguments);

} // namespace squall::labhost::runtime
