// One script, run as the SSM agent runs it: a file, `sh -c FILE`, a process group of its own.
// Cancelling and running out of time are SIGKILL to that group: no trap runs, and what has left the
// group lives on. A script is over when it has ended and nobody holds its standard output or error
// any more: `sleep 60 &` keeps it in progress for a minute. Runs on the loop's thread.
#pragma once

#include "squall/base/fd.h"
#include "squall/base/file.h"
#include "squall/transport/loop.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace squall::labhost {

struct ScriptSpec {
    std::vector<std::string> lines;
    std::string working_directory;
    Seconds timeout{3600};
    Path folder; // where the script file goes
    std::vector<std::string> environment;
};

struct ScriptResult {
    std::string status; // Success, Failed, TimedOut, Cancelled
    int exit_code = 0;  // -1 when a signal that was not ours ended it
    std::string standard_output;
    std::string standard_error;
    WallTime started_at;
    WallTime finished_at;
};

// The status that an exit code stands for. A script that ends with 137 by itself is told as
// TimedOut, because the real agent cannot tell it from its own SIGKILL.
[[nodiscard]] std::string status_of_exit(int exit_code, bool cancelled);

class ScriptRun {
public:
    // Starts at once; `done` is called once, later.
    ScriptRun(transport::Loop& loop,
              const ScriptSpec& spec,
              std::function<void(ScriptResult)> done);
    ScriptRun(const ScriptRun&) = delete;
    ScriptRun& operator=(const ScriptRun&) = delete;
    ~ScriptRun();

    void cancel();

private:
    void start(const ScriptSpec& spec);
    void drain(const Fd& from, std::string& into, std::size_t limit);
    void ended();
    void look_whether_over();
    void not_started(const std::string& why);
    void finish(std::string status, int exit_code);
    void kill_group();

    transport::Loop& loop_;
    std::function<void(ScriptResult)> done_;
    ScriptResult result_;
    pid_t pid_ = -1;
    Fd pidfd_;
    Fd output_;
    Fd errors_;
    std::optional<transport::ReadWatch> exit_watch_;
    std::optional<transport::ReadWatch> output_watch_;
    std::optional<transport::ReadWatch> error_watch_;
    transport::Timer timeout_;
    std::optional<int> wait_status_; // once it has ended
    bool cancelled_ = false;
    bool killed_ = false;
};

} // namespace squall::labhost
