#include "plan_text.h"

#include "squall/base/text.h"

#include <algorithm>

namespace squall::app {
namespace {

std::string targets_text(const experiment::Plan& plan) {
    const auto ids = plan.injected_ids();
    std::string text = fmt::format("  hosts        {} of {} container instances, {}\n",
                                   ids.size(),
                                   plan.targets.size(),
                                   plan.serial ? "one after another" : "all at once");
    for (const auto& target : plan.targets) {
        const std::string what =
            target.is_injected() ? fmt::format("agent stopped for {} s; {} running task{} stay{}",
                                               plan.duration.count(),
                                               target.running_tasks,
                                               target.running_tasks == 1 ? "" : "s",
                                               target.running_tasks == 1 ? "s" : "")
                                 : "not affected: " + target.skip
                                       + (target.advice.empty() ? "" : " - " + target.advice);
        text += fmt::format(
            "    {:<20} {:<12} {}\n", target.instance_id, target.availability_zone, what);
    }
    return text;
}

std::string indented(const std::string& block) {
    std::string text;
    for (const auto& line : split(block, '\n'))
        text += "    " + line + "\n";
    return text;
}

} // namespace

std::string plan_text(const experiment::Plan& plan, bool with_scripts) {
    std::string text = fmt::format("plan {}\n", plan.hash());
    if (!plan.experiment.empty()) text += fmt::format("  experiment   {}\n", plan.experiment);
    text += fmt::format("  fault        {}\n  cluster      {}\n  region       {}\n  as           "
                        "{}\n  at           {}\n",
                        plan.fault,
                        plan.cluster,
                        plan.region,
                        plan.principal,
                        plan.endpoint);
    text += "  tunables\n";
    for (const auto& [name, value] : plan.tunables.all())
        text += fmt::format("    {}={}  ({})\n", name, value.text, value.source);
    text += targets_text(plan);
    text += "  calls\n";
    for (const auto& call : plan.calls)
        text += fmt::format(
            "    {:>4} {}{}\n", call.count, call.operation, call.per_look ? " a look" : "");
    text += fmt::format("  permissions  {}\n", join(plan.permissions, ", "));
    for (const auto& warning : plan.warnings)
        text += "  note         " + warning + "\n";
    if (with_scripts)
        text += "  each host runs\n" + indented(plan.inject_script) + "  and at the end\n"
                + indented(plan.revert_script);
    return text;
}

} // namespace squall::app
