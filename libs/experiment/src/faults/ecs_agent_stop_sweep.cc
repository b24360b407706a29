// What ecs-agent-stop has left on hosts: listing it, and taking it away.
#include "faults/ecs_agent_stop.h"
#include "faults/ecs_agent_stop_scripts.h"
#include "faults/ecs_agent_stop_windows.h"
#include "faults/hold_script.h"
#include "faults/host_answers.h"
#include "squall/base/text.h"

namespace squall::experiment {
namespace {

const std::string record_path = "/var/run/squall/ecs-agent-stop";

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
    return fmt::format("# squall ecs-agent-stop list\n{}{}{}",
                       hold_places("ecs-agent-stop"),
                       list_hold,
                       list_rest);
}

std::string EcsAgentStop::removal_script(const std::vector<std::string>& runs,
                                         host::Shell shell) const {
    if (shell == host::Shell::powershell) return windows_removal_script(runs);
    return fmt::format("# squall ecs-agent-stop remove\nruns={}\n{}forget_run() {{ :; }}\n{}",
                       shell_quoted(join(runs, " ")),
                       hold_places("ecs-agent-stop"),
                       remove_left);
}

std::optional<std::vector<Leftover>> EcsAgentStop::read_leftovers(std::string_view output) const {
    return read_leftover_list(output, description().name, [](std::string_view found) {
        return LeftoverWord{words_of(found), found == "hold"};
    });
}

} // namespace squall::experiment
