#include "squall/experiment/sweep.h"

#include "narrowing.h"
#include "squall/base/time_text.h"
#include "squall/host/remote_command.h"

#include <algorithm>
#include <set>

namespace squall::experiment {
namespace {

constexpr Seconds look_interval{1};
// A host's own undo may take a while; what is there after that has failed.
constexpr Seconds undo_time{60};

using Ids = std::vector<std::string>;

// One script on these hosts, to its end. `take` gets what each of them printed; those that did not
// answer are in the result, with why.
class Errand {
public:
    Errand(World& world,
           const std::vector<Target>& targets,
           Deadline deadline,
           std::stop_token stop)
        : world_(world), deadline_(deadline), stop_(std::move(stop)) {
        for (const auto& target : targets)
            shell_of_[target.instance_id] = target.shell;
    }

    using ScriptFor = std::function<std::string(host::Shell)>;

    template <class Take>
    Result<std::vector<std::pair<std::string, std::string>>>
    run(const Ids& ids, const ScriptFor& script_for, const Take& take) {
        host::RemoteCommand command(world_.ssm);
        for (const auto shell : {host::Shell::posix, host::Shell::powershell}) {
            host::Script order;
            order.text = script_for(shell);
            order.shell = shell;
            order.comment = "squall sweep";
            const auto sent = command.send(with_shell(ids, shell), order, deadline_, stop_);
            if (!sent) return fail("sending the command to the hosts", aws::to_error(sent.error()));
        }
        while (!command.is_over() && !deadline_.passed(world_.clock.now())) {
            if (const auto news = command.look(deadline_, stop_); !news)
                return fail("asking SSM what became of the commands", aws::to_error(news.error()));
            if (command.is_over()) break;
            if (!world_.clock.wait_for(look_interval, stop_))
                return fail(Errc::interrupted, "interrupted");
        }
        std::vector<std::pair<std::string, std::string>> silent;
        for (const auto& [id, result] : command.results()) {
            const bool ran = result.state == host::HostResult::State::succeeded
                             || result.state == host::HostResult::State::failed;
            if (!ran || !take(id, result.output))
                silent.emplace_back(id,
                                    ran ? "it answered what we do not know"
                                        : fmt::format("SSM says {}", result.details));
        }
        return silent;
    }

private:
    [[nodiscard]] Ids with_shell(const Ids& ids, host::Shell shell) const {
        Ids found;
        std::copy_if(ids.begin(), ids.end(), std::back_inserter(found), [&](const auto& id) {
            return shell_of_.at(id) == shell;
        });
        return found;
    }

    World& world_;
    std::map<std::string, host::Shell> shell_of_;
    Deadline deadline_;
    std::stop_token stop_;
};

// Whether the run is over, and how that is known.
Result<void> judge(SweepItem& item, Journal& journal) {
    const Leftover& left = item.left;
    if (left.run.empty()) {
        item.why = "no run made it: look at it, and remove it by hand";
        return {};
    }
    const auto record = journal.find(left.run);
    if (!record) return fail(record.error());
    if (*record && (*record)->open) {
        item.why = "its run is open: `squall status`, `squall recover`";
    } else if (*record) {
        item.is_over = true;
        item.why = fmt::format("its run is over ({})", (*record)->verdict);
    } else if (left.until && left.host_time > *left.until + undo_time) {
        item.is_over = true;
        item.why = fmt::format("the host was to undo it by itself at {}", clock_time(*left.until));
    } else {
        item.why = "its run is in another journal: only that one knows whether it is over";
    }
    return {};
}

Result<SweepReport>
look(const Fault& fault, const std::vector<Target>& targets, Journal& journal, Errand& errand) {
    SweepReport report;
    Ids ids;
    for (const auto& target : targets) {
        if (target.is_reachable)
            ids.push_back(target.instance_id);
        else
            report.not_looked_at.emplace_back(target.instance_id, target.skip);
    }
    if (ids.empty()) return report;
    const auto silent = errand.run(
        ids,
        [&](host::Shell shell) { return fault.sweep_script(shell); },
        [&](const std::string& id, const std::string& text) {
            const auto found = fault.read_leftovers(text);
            if (!found) return false;
            for (const auto& left : *found)
                report.items.push_back({id, left, false, {}, false});
            return true;
        });
    if (!silent) return fail(silent.error());
    report.not_looked_at.insert(report.not_looked_at.end(), silent->begin(), silent->end());
    report.looked_at = ids.size() - silent->size();
    for (auto& item : report.items) {
        if (auto judged = judge(item, journal); !judged) return fail(judged.error());
    }
    return report;
}

// A hold is ended by the undo of its run, everything else is only taken away.
Result<void> take_away(const Fault& fault, const SweepReport& found, Errand& errand) {
    std::map<std::string, Ids> holders; // by run
    std::map<std::string, std::set<std::string>> rest;
    for (const auto& item : found.items) {
        if (!item.is_over) continue;
        if (item.left.is_fault) holders[item.left.run].push_back(item.instance_id);
        rest[item.instance_id].insert(item.left.run);
    }
    const auto take_all = [](const std::string& /*id*/, const std::string& /*text*/) {
        return true;
    };
    for (const auto& [run, ids] : holders) {
        // No order of a run that is over is still on its way.
        const auto done = errand.run(
            ids,
            [&, &over = run](host::Shell shell) {
                return fault.revert_script({over, WallTime{}, false}, shell);
            },
            take_all);
        if (!done) return fail(done.error());
    }
    // Hosts with the same leftovers get one command.
    std::map<std::set<std::string>, Ids> by_runs;
    for (const auto& [id, runs] : rest)
        by_runs[runs].push_back(id);
    for (const auto& [runs, ids] : by_runs) {
        const auto done = errand.run(
            ids,
            [&, &over = runs](host::Shell shell) {
                return fault.removal_script({over.begin(), over.end()}, shell);
            },
            take_all);
        if (!done) return fail(done.error());
    }
    return {};
}

} // namespace

Result<SweepReport> sweep(
    SweepParts parts, TunableValues values, bool remove, Deadline deadline, std::stop_token stop) {
    auto& [world, journal, fault] = parts;
    widen(values);
    const auto targets = fault.hosts_to_sweep(world, values, deadline, stop);
    if (!targets) return fail(targets.error());
    Errand errand(world, *targets, deadline, stop);
    auto found = look(fault, *targets, journal, errand);
    const bool is_any_over =
        found && std::any_of(found->items.begin(), found->items.end(), [](const auto& item) {
            return item.is_over;
        });
    if (!found || !remove || !is_any_over) return found;
    if (auto taken = take_away(fault, *found, errand); !taken) return fail(taken.error());
    const auto left = look(fault, *targets, journal, errand);
    if (!left) return fail(left.error());
    for (auto& item : found->items) {
        const bool is_there =
            std::any_of(left->items.begin(), left->items.end(), [&](const SweepItem& other) {
                return other.instance_id == item.instance_id && other.left.run == item.left.run
                       && other.left.what == item.left.what;
            });
        item.removed = item.is_over && !is_there;
    }
    return found;
}

} // namespace squall::experiment
