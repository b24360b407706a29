#include "faults/ecs_agent_stop_scripts.h"

#include "squall/base/text.h"

namespace squall::experiment {
namespace {

// Shared by both: where things lie, how the line is printed, and how this host starts and stops
// services.
//   $hold        exists while a run holds this host; it comes and goes whole, by rename, since
//                these scripts may be killed at any point
//   $hold.RUN.*  a hold that is being made, or was given back: nobody's
//   $hold/busy   the process that is still stopping the agent
//   $over/RUN    a run that ended before it began here: its order, should it still come, is void;
//                it lies there until the order would be void by its own time. A reboot takes it
//                away, as it does the process that would remove it, and makes the order void by
//                itself
constexpr std::string_view common = R"sh(timer=squall-$run-undo
now=$(date +%s)
say() {
    printf '{"squall":"ecs-agent-stop","run":"%s","did":"%s","why":"%s","other_run":"%s","host_time":%s}\n' "$run" "$1" "${2:-}" "${3:-}" "$now"
}
# Another run's script may take away the folder above, which is empty, in between.
make_folder() {
    mkdir -p "$1" 2>/dev/null || mkdir -p "$1" 2>/dev/null || mkdir -p "$1" 2>/dev/null || mkdir -p "$1"
}
give_back() {
    mv -T "$hold" "$hold.$run.back.$$" && rm -rf "$hold.$run.back.$$"
    rmdir "$base" 2>/dev/null
}
if [ -d /run/systemd/system ]; then
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

constexpr std::string_view stop = R"sh(
if [ "$init" = none ]; then say refused 'neither systemd nor Upstart runs here'; exit 0; fi
if [ "$now" -gt "$not_after" ]; then say too-late 'the order came after its time'; exit 0; fi
up=$(ps -o etimes= -p 1 2>/dev/null | tr -cd 0-9)
if [ -n "$up" ] && [ $((now - up)) -gt "$issued_at" ]; then say too-late 'the host has started anew since the order was given'; exit 0; fi
left=$((restore_at - now))
if [ "$left" -gt "$longest" ]; then left=$longest; fi
if [ "$left" -lt 3 ]; then say too-late 'the fault would be over at once'; exit 0; fi
if [ -e "$over/$run" ]; then say too-late 'the run is over'; exit 0; fi
# A hold whose time ended long ago is nobody's any more: a reboot that kept it, or an undo that was killed.
is_stale() { [ -s "$1/run" ] && [ "$now" -gt $(($(cat "$1/until" 2>/dev/null || echo 0) + 60)) ]; }
if is_stale "$hold"; then
    stale=$hold.$run.stale.$$
    mv -T "$hold" "$stale" 2>/dev/null
    # Another run may have been as quick, and this is its new hold.
    if is_stale "$stale"; then rm -rf "$stale"; else mv -T "$stale" "$hold" 2>/dev/null; fi
fi
new=$hold.$run.new.$$
make_folder "$new" || { say failed "cannot make $new"; exit 0; }
echo $$ >"$new/busy"
echo "$run" >"$new/run"
echo $((now + left)) >"$new/until"
if ! mv -T "$new" "$hold" 2>/dev/null; then
    rm -rf "$new"
    if [ ! -s "$hold/run" ]; then say failed "no run made what lies at $hold: look at it, and remove it"; exit 0; fi
    other=$(tr -cd 'A-Za-z0-9-' <"$hold/run" 2>/dev/null || echo unknown)
    if [ "$other" = "$run" ]; then say injected 'by an earlier order of this run'; else say busy "another run holds this host" "$other"; fi
    exit 0
fi
# Asked again, now that whoever ends the run can see the hold: one of the two sees the other.
if [ -e "$over/$run" ]; then give_back; say too-late 'the run is over'; exit 0; fi
if ! is_running; then give_back; say left 'the agent was not running'; exit 0; fi

# The undo is on the disk, and its timer runs, before anything is stopped.
cat >"$hold/undo.sh" <<UNDO
#!/bin/sh
# Made by squall, run $run: starts the ECS agent that it stopped.
PATH=$PATH
[ "\$(cat $hold/run 2>/dev/null)" = "$run" ] || exit 0
tries=0
until $(if [ $init = systemd ]; then echo 'systemctl start ecs'; else echo '/sbin/initctl status ecs | grep -q start/running || /sbin/initctl start ecs'; fi); do
    tries=\$((tries + 1))
    [ \$tries -lt 60 ] || exit 1
    $(if [ $init = systemd ]; then echo 'systemctl reset-failed ecs'; else echo :; fi)
    sleep 5
done
mv -T $hold $hold.$run.back.$$ && rm -rf $hold.$run.back.$$
rmdir $base 2>/dev/null
exit 0
UNDO
armed=no
if [ "$init" = systemd ]; then
    systemd-run --unit="$timer" --description="squall $run: starts the ECS agent again" --on-active="${left}s" \
        --timer-property=AccuracySec=100ms /bin/sh "$hold/undo.sh" >"$hold/timer.log" 2>&1
    if systemctl is-active --quiet "$timer.timer"; then armed=timer; fi
fi
if [ "$armed" = no ]; then
    # In a session of its own: nothing that ends this script's process group reaches it.
    setsid /bin/sh -c "sleep $left; exec /bin/sh $hold/undo.sh" >/dev/null 2>&1 </dev/null &
    echo $! >"$hold/timer.pid"
    if kill -0 "$(cat "$hold/timer.pid")" 2>/dev/null; then armed=process; fi
fi
if [ "$armed" = no ]; then give_back; say failed 'the undo could not be armed: nothing was stopped'; exit 0; fi

stop_agent >"$hold/stop.log" 2>&1
if is_running; then
    why=$(tail -n 1 "$hold/stop.log" | tr -d '\\"' | tr -c '[:print:]' ' ' | cut -c 1-160)
    if [ "$armed" = timer ]; then systemctl stop "$timer.timer" 2>/dev/null; else kill "$(cat "$hold/timer.pid")" 2>/dev/null; fi
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

constexpr std::string_view start = R"sh(
is_ours() { [ "$(cat "$hold/run" 2>/dev/null)" = "$run" ]; }
left=$((not_after - now))
if ! is_ours && [ "$left" -ge 0 ]; then
    # The order to stop may be still to come, and must not be followed then.
    make_folder "$over"
    touch "$over/$run" 2>/dev/null || { make_folder "$over"; touch "$over/$run"; }
    setsid /bin/sh -c "sleep $((left + 2)); rm -f '$over/$run'; rmdir '$over' '$base'" >/dev/null 2>&1 </dev/null &
fi
# Somebody has removed what this host had written down, and the agent is stopped by us all the same.
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
# The order to stop may be at work this very moment: what it does is undone when it is done.
busy=$(cat "$hold/busy" 2>/dev/null)
tries=0
while [ -n "$busy" ] && [ "$tries" -lt 60 ] && [ -e "$hold/busy" ] && kill -0 "$busy" 2>/dev/null; do
    tries=$((tries + 1))
    sleep 1
done
why=
next='its timer tries again'
if ! is_ours; then
    is_lost || end_clean
    why='though what this host had written down of the run was gone'
    next='what this host had written down of the run is gone'
fi
if [ "$init" = none ]; then say refused 'neither systemd nor Upstart runs here'; exit 1; fi
pid=$(cat "$hold/timer.pid" 2>/dev/null)
tries=1
until start_agent; do
    if [ "$tries" -ge 3 ]; then say failed "the agent did not start; $next"; exit 1; fi
    # A unit that was started often within seconds is not started again before this.
    forget_starts
    tries=$((tries + 1))
    sleep 1
done
if [ -e "$hold" ]; then mv -T "$hold" "$hold.$run.back.$$"; fi
if [ "$init" = systemd ]; then systemctl stop "$timer.timer" 2>/dev/null; fi
if [ -n "$pid" ] && grep -q undo.sh "/proc/$pid/cmdline" 2>/dev/null; then kill -- "-$pid" 2>/dev/null; fi
rm -rf "$hold.$run".*
rmdir "$base" 2>/dev/null
now=$(date +%s)
say reverted "$why"
)sh";

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
           + std::string(agent_script_places) + std::string(common) + std::string(stop);
}

std::string agent_start_script(const std::string& run,
                               const std::string& not_after,
                               const std::string& is_certain) {
    return fmt::format("# squall ecs-agent-stop start\n"
                       "run={}\nnot_after={}\nis_certain={}\n",
                       shell_quoted(run),
                       shell_quoted(not_after),
                       shell_quoted(is_certain))
           + std::string(agent_script_places) + std::string(common) + std::string(start);
}

} // namespace squall::experiment
