// A second, tiny process beside a proxy: it ends a proxy that is frozen past its end, and removes
// what the kernel does not remove by itself when the proxy has died.
#pragma once

#include "squall/base/clock.h"
#include "squall/base/fd.h"

#include <functional>
#include <optional>

namespace squall::host_app {

class Keeper {
public:
    // Forks. `after` runs in the keeper when this process has ended in any way, and is given the
    // last note. To be called while there is one thread.
    [[nodiscard]] static Result<Keeper> start(const std::function<void(int note)>& after);

    [[nodiscard]] pid_t pid() const { return pid_; }

    static constexpr const char* name = "squall-keeper"; // of its process
    static constexpr int no_note = -1;
    void note(int note);

    // This process is killed at that time, if it lives.
    void kill_at(SteadyTime when);

private:
    // What goes through the pipe.
    struct Message {
        SteadyTime::rep kill_at = 0; // 0: not
        int note = no_note;
    };

    Keeper(Fd pipe, pid_t pid) : pipe_(std::move(pipe)), pid_(pid) {}

    [[noreturn]] static void
    keep(int pipe, pid_t parent, const std::function<void(int note)>& after);
    void send() const;

    Fd pipe_;
    pid_t pid_;
    Message message_;
};

} // namespace squall::host_app
