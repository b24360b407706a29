// A container's process while it runs: its output goes to its log, and its end is told once. Lives
// on its loop's thread.
#pragma once

#include "runtime/launch.h"
#include "runtime/log_file.h"
#include "squall/transport/loop.h"

#include <functional>

namespace squall::labhost::runtime {

class RunningProcess {
public:
    // `ended` is called on the loop when the process has ended, has been waited for and all its
    // output is in the log; it may destroy this object. The references must outlive it.
    RunningProcess(transport::Loop& loop,
                   const Clock& clock,
                   LaunchedProcess launched,
                   LogFile log,
                   std::function<void(int exit_code)> ended);
    RunningProcess(const RunningProcess&) = delete;
    RunningProcess& operator=(const RunningProcess&) = delete;

    void signal(int number);

    // Of its first process.
    [[nodiscard]] const Fd& pidfd() const { return pidfd_; }

private:
    struct Output {
        Stream stream;
        Fd fd;
        std::optional<transport::ReadWatch> watch;
    };

    bool read_some(Output& output);
    void on_end();

    const Clock& clock_;
    pid_t pid_;
    Fd pidfd_;
    LogFile log_;
    std::function<void(int)> ended_;
    std::array<Output, 2> outputs_;
    transport::ReadWatch end_;
};

} // namespace squall::labhost::runtime
