// What ecs-agent-stop has left on hosts: listing it, and taking it away.
#include "faults/ecs_agent_stop.h"
#include "faults/ecs_agent_stop_scripts.h"
#include "faults/ecs_agent_stop_windows.h"
#include "squall/base/json.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

namespace squall::experiment {
namespace {

const std::string record_path = "/var/run/squall/ecs-agent-stop";

// One line of JSON for each thing, and one to say that this was all.
constexpr std::string_view list_script = R"sh(now=$(date +%s)
tell() {
    run=$(printf %s "$2" | tr -cd 'A-Za-z0-9-')
    until=$(printf %s "${3:-}" | tr -cd '0-9')
    printf '{"squall":"ecs-agent-stop","found":"%s","run":"%s","until":%s,"host_time":%s}\n' "$1" "$run" "${until:-0}" "$now"
}
if [ -s "$hold/run" ]; then
    tell hold "$(cat "$hold/run" 2>/dev/null)" "$(cat "$hold/until" 2>/dev/null)"
elif [ -e "$hold" ] || [ -L "$hold" ]; then
    tell foreign ''
fi
for part in "$hold".*; do
    [ -e "$part" ] || continue
    name=${part#"$hold".}
    tell part "${name%%.*}"
done
for mark in "$over"/*; do
    if [ -e "$mark" ]; then tell tombstone "${mark##*/}"; fi
done
if [ -d /run/systemd/system ]; then
    systemctl list-units --all --no-legend 'squall-*-undo.timer' 2>/dev/null | tr -d '*' | while read -r first second rest; do
        case "$first" in squall-*) unit=$first ;; *) unit=$second ;; esac
        unit=${unit#squall-}
        case "$unit" in *-undo.timer) tell timer "${unit%-undo.timer}" ;; esac
    done
fi
printf '{"squall":"ecs-agent-stop","did":"listed"}\n'
)sh";

constexpr std::string_view removal = R"sh(for run in $runs; do
    # A fault that is in is not ended here: its timer and its record stay with it.
    [ "$(cat "$hold/run" 2>/dev/null)" != "$run" ] || continue
    if [ -d /run/systemd/system ]; then systemctl stop "squall-$run-undo.timer" 2>/dev/null; fi
    rm -rf "$hold.$run".*
    rm -f "$over/$run"
done
rmdir "$over" "$base" 2>/dev/null
exit 0
)sh";

// In words; empty for what is none of the script's.
std::string words_of(std::string_view found) {
    if (found == "hold") return "the fault";
    if (found == "part") return "a part of a fault that began or ended";
    if (found == "tombstone") return "a mark";
    if (found == "timer") return "a timer";
    if (found == "foreign") return "something in place of the fault's record, " + record_path;
    return {};
}

} // namespace

std::string EcsAgentStop::sweep_script(host::Shell shell) const {
    if (shell == host::Shell::powershell) return windows_list_script();
    return fmt::format("# squall ecs-agent-stop list\n{}{}", agent_script_places, list_script);
}

std::string EcsAgentStop::removal_script(const std::vector<std::string>& runs,
                                         host::Shell shell) const {
    if (shell == host::Shell::powershell) return windows_removal_script(runs);
    return fmt::format("# squall ecs-agent-stop remove\nruns={}\n{}{}",
                       shell_quoted(join(runs, " ")),
                       agent_script_places,
                       removal);
}

std::optional<std::vector<Leftover>> EcsAgentStop::read_leftovers(std::string_view output) const {
    std::vector<Leftover> leftovers;
    bool is_complete = false;
    for (const auto& line : split(output, '\n')) {
        const auto object = json::parse_object(line);
        if (!object || json::string_at(*object, "squall") != description().name) continue;
        is_complete = is_complete || json::string_at(*object, "did") == "listed";
        const std::string_view found = json::string_at(*object, "found");
        Leftover left{
            words_of(found),
            std::string(json::string_at(*object, "run")),
            found == "hold",
            std::nullopt,
            from_epoch_seconds(static_cast<double>(json::integer_at(*object, "host_time")))};
        if (left.what.empty()) continue;
        if (const auto until = json::integer_at(*object, "until"); until > 0)
            left.until = from_epoch_seconds(static_cast<double>(until));
        leftovers.push_back(std::move(left));
    }
    if (!is_complete) return std::nullopt;
    return leftovers;
}

} // namespace squall::experiment
