#include "faults/hold_script.h"

#include <fmt/format.h>

namespace squall::experiment {

std::string hold_places(std::string_view name) {
    return fmt::format(R"sh(
set -u
umask 077
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
fault={0}
base=/var/run/squall
hold=$base/{0}
over=$base/over
)sh",
                       name);
}

const std::string_view hold_functions = R"sh(timer=squall-$run-undo
now=$(date +%s)
say() {
    printf '{"squall":"%s","run":"%s","did":"%s","why":"%s","other_run":"%s","host_time":%s%s}\n' "$fault" "$run" "$1" "${2:-}" "${3:-}" "$now" "${4:-}"
}
# Another run's script may take away the folder above, which is empty, in between.
make_folder() {
    mkdir -p "$1" 2>/dev/null || mkdir -p "$1" 2>/dev/null || mkdir -p "$1" 2>/dev/null || mkdir -p "$1"
}
give_back() {
    mv -T "$hold" "$hold.$run.back.$$" && rm -rf "$hold.$run.back.$$"
    rmdir "$base" 2>/dev/null
}
disarm() {
    if [ "$armed" = timer ]; then systemctl stop "$timer.timer" 2>/dev/null; else kill "$(cat "$hold/timer.pid")" 2>/dev/null; fi
}
# The end of a file, fit to stand in a text of JSON.
last_words() { tail -n 1 "$1" 2>/dev/null | tr -d '\\"\n' | tr -c '[:print:]' ' ' | cut -c 1-160; }
)sh";

const std::string_view hold_not_too_late =
    R"sh(if [ "$now" -gt "$not_after" ]; then say too-late 'the order came after its time'; exit 0; fi
up=$(ps -o etimes= -p 1 2>/dev/null | tr -cd 0-9)
if [ -n "$up" ] && [ $((now - up)) -gt "$issued_at" ]; then say too-late 'the host has started anew since the order was given'; exit 0; fi
left=$((restore_at - now))
if [ "$left" -gt "$longest" ]; then left=$longest; fi
if [ "$left" -lt 3 ]; then say too-late 'the fault would be over at once'; exit 0; fi
if [ -e "$over/$run" ]; then say too-late 'the run is over'; exit 0; fi
)sh";

const std::string_view hold_take =
    R"sh(# A hold whose time ended long ago is nobody's any more: a reboot that kept it, or an undo that was killed.
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
)sh";

const std::string_view hold_undo = R"sh(cat >"$hold/undo.sh" <<UNDO
#!/bin/sh
# Made by squall, run $run: $what_undo.
PATH=$PATH
[ "\$(cat $hold/run 2>/dev/null)" = "$run" ] || exit 0
tries=0
until $undo_command; do
    tries=\$((tries + 1))
    [ \$tries -lt 60 ] || exit 1
    $undo_again
    sleep 5
done
mv -T $hold $hold.$run.back.$$ && rm -rf $hold.$run.back.$$
rmdir $base 2>/dev/null
exit 0
UNDO
)sh";

const std::string_view hold_arm = R"sh(armed=no
if [ -d /run/systemd/system ]; then
    systemd-run --unit="$timer" --description="squall $run: $what_undo" --on-active="${left}s" \
        --timer-property=AccuracySec=100ms /bin/sh "$hold/undo.sh" >"$hold/timer.log" 2>&1
    if systemctl is-active --quiet "$timer.timer"; then armed=timer; fi
fi
if [ "$armed" = no ]; then
    # In a session of its own: nothing that ends this script's process group reaches it.
    setsid /bin/sh -c "sleep $left; exec /bin/sh $hold/undo.sh" >/dev/null 2>&1 </dev/null &
    echo $! >"$hold/timer.pid"
    if kill -0 "$(cat "$hold/timer.pid")" 2>/dev/null; then armed=process; fi
fi
if [ "$armed" = no ]; then give_back; say failed 'the undo could not be armed: nothing was done'; exit 0; fi
)sh";

const std::string_view undo_tombstone = R"sh(
is_ours() { [ "$(cat "$hold/run" 2>/dev/null)" = "$run" ]; }
left=$((not_after - now))
if ! is_ours && [ "$left" -ge 0 ]; then
    # The order may be still to come, and must not be followed then.
    make_folder "$over"
    touch "$over/$run" 2>/dev/null || { make_folder "$over"; touch "$over/$run"; }
    setsid /bin/sh -c "sleep $((left + 2)); rm -f '$over/$run'; rmdir '$over' '$base'" >/dev/null 2>&1 </dev/null &
fi
)sh";

const std::string_view undo_wait =
    R"sh(# The order may be at work this very moment: what it does is undone when it is done.
busy=$(cat "$hold/busy" 2>/dev/null)
tries=0
while [ -n "$busy" ] && [ "$tries" -lt 60 ] && [ -e "$hold/busy" ] && kill -0 "$busy" 2>/dev/null; do
    tries=$((tries + 1))
    sleep 1
done
)sh";

const std::string_view undo_end = R"sh(pid=$(cat "$hold/timer.pid" 2>/dev/null)
if [ -e "$hold" ]; then mv -T "$hold" "$hold.$run.back.$$"; fi
if [ -d /run/systemd/system ]; then systemctl stop "$timer.timer" 2>/dev/null; fi
if [ -n "$pid" ] && grep -q undo.sh "/proc/$pid/cmdline" 2>/dev/null; then kill -- "-$pid" 2>/dev/null; fi
rm -rf "$hold.$run".*
rmdir "$base" 2>/dev/null
now=$(date +%s)
)sh";

const std::string_view list_hold = R"sh(now=$(date +%s)
tell() {
    run=$(printf %s "$2" | tr -cd 'A-Za-z0-9-')
    until=$(printf %s "${3:-}" | tr -cd '0-9')
    printf '{"squall":"%s","found":"%s","run":"%s","until":%s,"host_time":%s}\n' "$fault" "$1" "$run" "${until:-0}" "$now"
}
held=
if [ -s "$hold/run" ]; then
    held=$(cat "$hold/run" 2>/dev/null)
    tell hold "$held" "$(cat "$hold/until" 2>/dev/null)"
elif [ -e "$hold" ] || [ -L "$hold" ]; then
    tell foreign ''
fi
for part in "$hold".*; do
    [ -e "$part" ] || continue
    name=${part#"$hold".}
    tell part "${name%%.*}"
done
)sh";

const std::string_view list_rest = R"sh(for mark in "$over"/*; do
    if [ -e "$mark" ]; then tell tombstone "${mark##*/}"; fi
done
if [ -d /run/systemd/system ]; then
    systemctl list-units --all --no-legend 'squall-*-undo.timer' 2>/dev/null | tr -d '*' | while read -r first second rest; do
        case "$first" in squall-*) unit=$first ;; *) unit=$second ;; esac
        unit=${unit#squall-}
        case "$unit" in *-undo.timer) tell timer "${unit%-undo.timer}" ;; esac
    done
fi
printf '{"squall":"%s","did":"listed"}\n' "$fault"
)sh";

const std::string_view remove_left = R"sh(for run in $runs; do
    # A fault that is in is not ended here: its timer and its record stay with it.
    [ "$(cat "$hold/run" 2>/dev/null)" != "$run" ] || continue
    if [ -d /run/systemd/system ]; then systemctl stop "squall-$run-undo.timer" 2>/dev/null; fi
    forget_run
    rm -rf "$hold.$run".*
    rm -f "$over/$run"
done
rmdir "$over" "$base" 2>/dev/null
exit 0
)sh";

} // namespace squall::experiment
