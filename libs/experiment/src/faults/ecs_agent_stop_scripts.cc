#include "faults/ecs_agent_stop_scripts.h"

#include "faults/hold_script.h"
#include "squall/base/text.h"

namespace squall::experiment {
namespace {

// How this host starts and stops services.
constexpr std::string_view services = R"sh(if [ -d /run/systemd/system ]; then
    init=systemd
    is_running() { systemctl is-active --quiet ecs; }
    start_agent() { systemctl start ecs; }
    stop_agent() { systemctl stop ecs; }
    forget_starts() { systemctl reset-failed ecs; }
elif [ -x /sbin/initctl ]; then
    init=upstart
    is_running() { /sbin/initctl status ecs 2>/dev/null | grep -q start/running; }
    start_agent() { is_running || /sbin/initctl start ecs; }
    stop_agent() { /sbin/initctl stop ecs; }
    forget_starts() { :; }
else
    init=none
fi
)sh";

constexpr std::string_view refusal = R"sh(
if [ "$init" = none ]; then say refused 'neither systemd nor Upstart runs here'; exit 0; fi
)sh";

constexpr std::string_view undo =
    R"sh(if ! is_running; then give_back; say left 'the agent was not running'; exit 0; fi

# The undo is on the disk, and its timer runs, before anything is stopped.
what_undo='starts the ECS agent again'
if [ "$init" = systemd ]; then
    undo_command='systemctl start ecs'
    undo_again='systemctl reset-failed ecs'
else
    undo_command='/sbin/initctl status ecs | grep -q start/running || /sbin/initctl start ecs'
    undo_again=:
fi
)sh";

constexpr std::string_view stop = R"sh(
stop_agent >"$hold/stop.log" 2>&1
if is_running; then
    why=$(last_words "$hold/stop.log")
    disarm
    give_back
    say failed "the agent did not stop: $why"
    exit 0
fi
# A host that stood still may have had its undo before its stop.
if [ "$(cat "$hold/run" 2>/dev/null)" != "$run" ]; then start_agent; say too-late 'its undo came first'; exit 0; fi
rm -f "$hold/busy"
now=$(date +%s)
say injected
)sh";

constexpr std::string_view start =
    R"sh(# Somebody has removed what this host had written down, and the agent is stopped by us all the same.
is_lost() { [ "$is_certain" = yes ] && [ "$init" != none ] && [ ! -s "$hold/run" ] && ! is_running; }
end_clean() {
    rm -rf "$hold.$run".*
    rmdir "$base" 2>/dev/null
    if [ "$init" = none ] || is_running; then
        say clean
    else
        say clean 'the agent does not run, and this host has no record of the run: log in, and look at the ecs service'
    fi
    exit 0
}
is_ours || is_lost || end_clean
)sh";

constexpr std::string_view start_again = R"sh(why=
next='its timer tries again'
if ! is_ours; then
    is_lost || end_clean
    why='though what this host had written down of the run was gone'
    next='what this host had written down of the run is gone'
fi
if [ "$init" = none ]; then say refused 'neither systemd nor Upstart runs here'; exit 1; fi
tries=1
until start_agent; do
    if [ "$tries" -ge 3 ]; then say failed "the agent did not start; $next"; exit 1; fi
    # A unit that was started often within seconds is not started again before this.
    forget_starts
    tries=$((tries + 1))
    sleep 1
done
)sh";

constexpr std::string_view started = R"sh(say reverted "$why"
)sh";

std::string together(std::initializer_list<std::string_view> pieces) {
    std::string text;
    for (const auto piece : pieces)
        text += piece;
    return text;
}

} // namespace

std::string agent_stop_script(const std::string& run,
                              const std::string& issued_at,
                              const std::string& not_after,
                              const std::string& restore_at,
                              const std::string& longest) {
    return fmt::format("# squall ecs-agent-stop stop\n"
                       "run={}\nissued_at={}\nnot_after={}\nrestore_at={}\nlongest={}\n",
                       shell_quoted(run),
                       shell_quoted(issued_at),
                       shell_quoted(not_after),
                       shell_quoted(restore_at),
                       shell_quoted(longest))
           + hold_places("ecs-agent-stop")
           + together({hold_functions,
                       services,
                       refusal,
                       hold_not_too_late,
                       hold_take,
                       undo,
                       hold_undo,
                       hold_arm,
                       stop});
}

std::string agent_start_script(const std::string& run,
                               const std::string& not_after,
                               const std::string& is_certain) {
    return fmt::format("# squall ecs-agent-stop start\n"
                       "run={}\nnot_after={}\nis_certain={}\n",
                       shell_quoted(run),
                       shell_quoted(not_after),
                       shell_quoted(is_certain))
           + hold_places("ecs-agent-stop")
           + together({hold_functions,
                       services,
                       undo_tombstone,
                       start,
                       undo_wait,
                       start_again,
                       undo_end,
                       started});
}

} // namespace squall::experiment
