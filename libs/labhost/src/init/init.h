// PID 1 of a lab host: `squall lab-host init [--root DIR]`.
//
// Starts the enabled units, runs what their files say, reaps whatever has no parent, and answers
// the tools on the control socket (control.h) until SIGTERM or SIGRTMIN+3; then it stops every unit
// in reverse order and ends with 0. No service, however it behaves, ends it earlier.
//
// --root DIR puts DIR in front of all of init's own paths (units, journal, socket, environment
// files), so that it can be run beside a real init, by anybody: it then collects orphans as a
// subreaper. Without --root it refuses to be anything but PID 1: the units it would start would be
// the machine's.
//
// SQUALL_READY_FD, if set, is a file descriptor: "ready\n" is written to it when the socket listens
// and the start jobs of the enabled units are queued, and "off\n" when the host is switched off
// (host_spec.h). Nothing that init starts has it.
#pragma once

#include "init/control.h"
#include "init/journal.h"
#include "init/processes.h"
#include "init/supervisor.h"
#include "init/unit_folder.h"
#include "squall/base/clock.h"
#include "squall/base/file.h"
#include "squall/labhost/host_spec.h"
#include "squall/transport/http_server.h"
#include "squall/transport/loop.h"

#include <optional>

namespace squall::labhost::init {

// What comes when all units have stopped.
enum class AfterShutdown { end, reboot, off };

// One per process: it takes the process's signals and all its children. The process must have no
// other threads.
class Init {
public:
    explicit Init(const Path& root);

    // Until everything has stopped after a request to end.
    [[nodiscard]] Result<void> run();

    // What the request was for.
    [[nodiscard]] AfterShutdown after_shutdown() const { return after_shutdown_; }

private:
    [[nodiscard]] Result<void> listen();
    void on_signal(int number);
    void reap();
    // After anything that may have changed what is to be waited for.
    void look_ahead();

    [[nodiscard]] Instant now() const { return {clock_.now(), clock_.wall()}; }

    Path root_;
    SystemClock clock_;
    transport::Loop loop_;
    transport::Timer timer_;
    JournalWriter journal_;
    UnitFolder folder_;
    HostProcesses processes_;
    Supervisor supervisor_;
    Control control_;
    std::optional<transport::HttpServer> server_;
    AfterShutdown after_shutdown_ = AfterShutdown::end;
};

} // namespace squall::labhost::init
