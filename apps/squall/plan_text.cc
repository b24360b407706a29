#include "plan_text.h"

#include "squall/base/text.h"

#include <algorithm>

namespace squall::app {
namespace {

// Scheme, host and path: who may fetch it is nobody else's business.
std::string without_secrets(const std::string& url) {
    const auto scheme = url.find("://");
    if (scheme == std::string::npos) return url;
    std::string text = url.substr(0, url.find_first_of("?#"));
    const auto from = scheme + 3;
    const auto at = text.substr(0, text.find('/', from)).rfind('@');
    if (at != std::string::npos && at >= from) text.erase(from, at + 1 - from);
    return text;
}

// "all at once", "one after another", "in 3 waves of 1, 2 and 17".
std::string order_text(const experiment::Plan& plan) {
    if (plan.sequence == "serial") return "one after another";
    const auto waves = plan.waves();
    if (waves.size() < 2) return "all at once";
    std::vector<std::string> sizes;
    sizes.reserve(waves.size());
    for (const auto& wave : waves)
        sizes.push_back(std::to_string(wave.size()));
    const std::string last = sizes.back();
    sizes.pop_back();
    return fmt::format("in {} waves of {} and {}", waves.size(), join(sizes, ", "), last);
}

// What is done to the tasks of a host, a line for each.
std::string tasks_text(const experiment::Plan& plan, const experiment::Target& target) {
    std::string text;
    for (const auto& task : target.tasks) {
        const auto& values = plan.tunables;
        const std::string ports = values.has("TARGET_SERVICE_PORT")
                                      ? values.text("TARGET_SERVICE_PORT")
                                      : std::to_string(task.port);
        const std::string turn = plan.sequence == "serial" && target.is_injected()
                                     ? fmt::format("turn {}: ", task.wave)
                                     : "";
        const std::string reached =
            task.network_mode == "bridge" && task.host_port != 0 ? fmt::format(
                ", the host's {}{}",
                task.host_port,
                ports == std::to_string(task.port) ? "" : fmt::format(" for {}", task.port))
                                                                 : "";
        text += fmt::format("      {}task {}, container {}, port {} ({}{})\n",
                            turn,
                            task.id,
                            task.container,
                            ports,
                            task.network_mode,
                            reached);
    }
    return text;
}

std::string what_is_done(const experiment::Plan& plan, const experiment::Target& target) {
    if (!target.tasks.empty())
        return fmt::format("{} task{} for {} s",
                           target.tasks.size(),
                           target.tasks.size() == 1 ? "" : "s",
                           plan.duration.count());
    return fmt::format("agent stopped for {} s; {} running task{} stay{}",
                       plan.duration.count(),
                       target.running_tasks,
                       target.running_tasks == 1 ? "" : "s",
                       target.running_tasks == 1 ? "s" : "");
}

std::string targets_text(const experiment::Plan& plan) {
    const auto ids = plan.injected_ids();
    std::string text = fmt::format("  hosts        {} of {} container instances, {}\n",
                                   ids.size(),
                                   plan.selection.registered,
                                   order_text(plan));
    if (!plan.selection.how.empty()) text += "  chosen       " + plan.selection.how + "\n";
    for (const auto& target : plan.targets) {
        const std::string wave =
            plan.sequence == "waves" ? fmt::format("wave {}: ", target.wave) : "";
        const std::string what = target.is_injected()
                                     ? wave + what_is_done(plan, target)
                                     : "not affected: " + target.skip
                                           + (target.advice.empty() ? "" : " - " + target.advice);
        text += fmt::format(
            "    {:<20} {:<12} {}\n", target.instance_id, target.availability_zone, what);
        text += tasks_text(plan, target);
    }
    for (const auto& helper : plan.helpers)
        text += fmt::format("  helper       {} {}{}\n",
                            helper.architecture,
                            helper.sha256.substr(0, 16),
                            helper.source.empty() ? ", which the hosts have to have"
                                                  : " from " + without_secrets(helper.source));
    return text;
}

std::string indented(const std::string& block) {
    std::string text;
    for (const auto& line : split(block, '\n'))
        text += "    " + line + "\n";
    return text;
}

// On one line, so that a value looks like no line of the plan.
std::string on_one_line(const std::string& text) {
    std::string line;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\n')
            line += "\\n";
        else if (byte < 0x20 || byte == 0x7f)
            line += fmt::format("\\x{:02x}", byte);
        else
            line += c;
    }
    return line;
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
    for (const auto& [name, value] : plan.tunables.all()) {
        const std::string shown = name == "HELPER_URL" ? without_secrets(value.text) : value.text;
        text += fmt::format("    {}={}  ({})\n", name, on_one_line(shown), value.source);
    }
    text += targets_text(plan);
    text += "  calls\n";
    for (const auto& call : plan.calls)
        text += fmt::format(
            "    {:>4} {}{}\n", call.count, call.operation, call.per_look ? " a look" : "");
    text += fmt::format("  permissions  {}\n", join(plan.permissions, ", "));
    for (const auto& finding : plan.guards)
        text += fmt::format(
            "  {} {}\n", finding.refuses ? "refuses     " : "against it  ", finding.text);
    for (const auto& warning : plan.warnings)
        text += "  note         " + warning + "\n";
    if (plan.is_by_chance())
        text += fmt::format("  the same     --set SEED={} --plan {}\n",
                            plan.tunables.text("SEED"),
                            plan.hash().substr(0, 8));
    if (!with_scripts) return text;
    for (const auto& scripts : plan.scripts)
        text += fmt::format("  each host runs, by {}\n{}  and at the end\n{}",
                            host::document_of(scripts.shell),
                            indented(scripts.inject),
                            indented(scripts.revert));
    return text;
}

std::string check_text(const std::vector<experiment::CheckItem>& items) {
    using experiment::CheckItem;
    std::string text;
    std::size_t needed = 0;
    for (const auto& item : items) {
        const bool is_good = item.state == CheckItem::State::good;
        const std::string_view word = is_good                               ? "good"
                                      : !item.needed                        ? "note"
                                      : item.state == CheckItem::State::bad ? "BAD"
                                                                            : "UNKNOWN";
        text += fmt::format("  {:<8} {:<34} {}\n", word, item.what, item.text);
        if (!is_good && !item.advice.empty()) text += indented(item.advice);
        if (!is_good && item.needed) ++needed;
    }
    return text
           + (needed == 0 ? std::string("ready\n")
                          : fmt::format("not ready: {} thing{} a run from beginning\n",
                                        needed,
                                        needed == 1 ? " keeps" : "s keep"));
}

} // namespace squall::app
