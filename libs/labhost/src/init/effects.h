// What units do to the world: the only way out of the pure part of init. The real one is in
// processes.h; tests have one with processes that exist only in memory.
#pragma once

#include "init/unit_settings.h"
#include "squall/base/result.h"

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

namespace squall::labhost::init {

enum class CommandRole { start_pre, start, start_post, stop, stop_post };

// "ExecStartPre" and so on.
[[nodiscard]] std::string_view setting_of(CommandRole role);

struct Spawn {
    std::string unit;
    CommandRole role = CommandRole::start;
    CommandLine command; // variables not yet expanded
    // The unit's Environment= and the variables of the role; files come on top, as in systemd.
    std::vector<std::string> environment;
    std::vector<EnvironmentFile> environment_files;
    std::string working_directory;
    std::optional<FileLimit> file_limit;
    std::string invocation; // $INVOCATION_ID: what marks the processes of this start of the unit
};

struct GroupMember {
    pid_t pid = 0;
    std::string command_line;
    std::string name; // the kernel's short name
};

// Priorities of journal lines, as syslog numbers them.
enum class Priority { error = 3, warning = 4, notice = 5, info = 6 };

// A "group" stands for what a control group is to systemd: all processes of one start of a unit,
// however they forked and whatever session they made. It is known by the INVOCATION_ID in the
// environment that a process was started with. (A process that was started with an environment
// made from nothing is out of sight; a control group would still hold it.)
class Effects {
public:
    Effects() = default;
    Effects(const Effects&) = delete;
    Effects& operator=(const Effects&) = delete;
    virtual ~Effects() = default;

    // Fails only where no process could be made; a program that is not there ends with 203.
    virtual Result<pid_t> spawn(const Spawn& what) = 0;
    virtual void signal_process(pid_t pid, int signal) = 0;
    // Signals the whole group but `spared`, new forks included; says how many were reached.
    virtual std::size_t
    signal_group(const std::string& invocation, int signal, const std::vector<pid_t>& spared) = 0;
    // The living members.
    virtual std::vector<GroupMember> group(const std::string& invocation) = 0;
    virtual std::string new_invocation_id() = 0;
    // A line in the journal under systemd's own name, about a unit.
    virtual void log(std::string_view unit, Priority priority, std::string_view text) = 0;
};

} // namespace squall::labhost::init
