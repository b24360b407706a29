#include "history_commands.h"

#include "output.h"
#include "recovery.h"
#include "report_text.h"
#include "squall/base/log.h"
#include "squall/base/time_text.h"
#include "views.h"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <map>

namespace squall::app {
namespace {

using experiment::Journal;
using experiment::RunRecord;

constexpr int exit_error = 3;
constexpr Seconds abort_limit{300};

int complain(const Error& error) {
    log::print("squall: {}\n", error.message);
    return error.code == Errc::not_found || error.code == Errc::invalid_input ? exit_usage
                                                                              : exit_error;
}

Result<RunRecord> find_run(Journal& journal, const std::string& id) {
    auto found = journal.find(id);
    if (!found) return fail(found.error());
    if (!*found)
        return fail(Errc::not_found,
                    "there is no run '{}' in {}: `squall runs` lists them",
                    id,
                    journal.file().string());
    return std::move(**found);
}

// The named run, or the only open one.
Result<RunRecord> find_open_run(Journal& journal, const std::string& id) {
    if (!id.empty()) return find_run(journal, id);
    auto open = journal.open_runs();
    if (!open) return fail(open.error());
    if (open->empty()) return fail(Errc::not_found, "no run is open");
    if (open->size() > 1)
        return fail(Errc::invalid_input,
                    "{} runs are open: name one (`squall status` lists them)",
                    open->size());
    return std::move(open->front());
}

// The last thing that happened to each host, and when the hosts restore themselves.
struct Standing {
    std::string phase;
    std::string restore_at;
    std::map<std::string, std::string> hosts;
    std::map<std::string, json::Object> commands; // of SSM, by host: "order", "undo"
    std::vector<experiment::Event> rules;         // what its proxies have put into kernels
};

Result<Standing> standing_of(Journal& journal, const std::string& run) {
    const auto events = journal.events(run);
    if (!events) return fail(events.error());
    Standing standing;
    for (const auto& event : *events) {
        if (event.kind == "phase") standing.phase = json::string_at(event.data, "phase");
        if (const auto at = json::string_at(event.data, "restore_at"); !at.empty())
            standing.restore_at = at;
        if (event.target.empty()) continue;
        if (event.kind == "sent" || event.kind == "revert-sent")
            standing.commands[event.target][event.kind == "sent" ? "order" : "undo"] =
                json::string_at(event.data, "command_id");
        if (event.kind == "armed") standing.rules.push_back(event);
        // What is told of a single task of a host has lines of its own.
        if (event.kind == "armed" || event.kind == "absent" || event.kind == "counted") continue;
        const std::string text = event_text(event);
        standing.hosts[event.target] = text.empty() ? event.kind : text;
    }
    return standing;
}

json::Object record_json(const RunRecord& record) {
    json::Object object{{"run", record.id},
                        {"created_at", rfc3339_millis(record.created_at)},
                        {"fault", record.fault},
                        {"cluster", record.cluster},
                        {"region", record.region},
                        {"plan_hash", record.plan_hash},
                        {"open", record.open}};
    object["verdict"] = record.open ? json::Value(nullptr) : json::Value(record.verdict);
    if (record.closed_at) object["closed_at"] = rfc3339_millis(*record.closed_at);
    return object;
}

int show_status(Journal& journal, const RunRecord& record, bool as_json, Output& output) {
    const auto runner = runner_of(journal, record.id);
    const auto standing = standing_of(journal, record.id);
    if (!runner || !standing) return complain(runner ? standing.error() : runner.error());
    if (as_json) {
        json::Object object = record_json(record);
        object["runner_pid"] = *runner ? json::Value(**runner) : json::Value(nullptr);
        object["phase"] = standing->phase;
        object["restore_at"] = standing->restore_at;
        json::Object hosts;
        for (const auto& [id, text] : standing->hosts)
            hosts[id] = text;
        object["hosts"] = std::move(hosts);
        json::Object commands;
        for (const auto& [id, both] : standing->commands)
            commands[id] = both;
        object["commands"] = std::move(commands);
        json::Array rules;
        for (const auto& event : standing->rules) {
            json::Object rule = event.data;
            rule["instance_id"] = event.target;
            rules.push_back(std::move(rule));
        }
        object["rules"] = std::move(rules);
        output.line(json::text(object));
        return 0;
    }
    std::string head = fmt::format("{}  {} on {}", record.id, record.fault, record.cluster);
    if (!record.open)
        head += "  " + record.verdict;
    else if (*runner)
        head += fmt::format("  {} (process {})", standing->phase, **runner);
    else
        head += "  its runner is dead: `squall recover` closes it";
    output.line(head);
    for (const auto& [id, text] : standing->hosts) {
        output.line(fmt::format("  {:<20} {}", id, text));
        const auto commands = standing->commands.find(id);
        if (commands == standing->commands.end()) continue;
        for (const auto& [what, command] : commands->second)
            output.line(fmt::format(
                "    SSM command of the {}: {}", std::string_view(what), json::string_of(command)));
    }
    for (const auto& event : standing->rules)
        output.line(fmt::format("  {:<20} {}", event.target, event_text(event)));
    const auto restore = parse_time(standing->restore_at);
    if (record.open && restore && Wall::now() < *restore)
        output.line(fmt::format("  every host restores itself at {}", clock_time(*restore)));
    else if (record.open && restore)
        output.line(fmt::format("  every host was to restore itself at {}: what is told here was "
                                "seen before",
                                clock_time(*restore)));
    return 0;
}

} // namespace

int run_command(const StatusCommand& command) {
    auto journal = Journal::open_default();
    if (!journal) return complain(journal.error());
    Output output;
    if (!command.run.empty()) {
        const auto record = find_run(*journal, command.run);
        return record ? show_status(*journal, *record, command.json, output)
                      : complain(record.error());
    }
    const auto open = journal->open_runs();
    if (!open) return complain(open.error());
    if (open->empty() && !command.json) output.line("no run is open");
    for (const auto& record : *open) {
        if (const int code = show_status(*journal, record, command.json, output); code != 0)
            return code;
    }
    return 0;
}

int run_command(const RunsCommand& command) {
    auto journal = Journal::open_default();
    if (!journal) return complain(journal.error());
    Output output;
    if (!command.run.empty()) {
        const auto record = find_run(*journal, command.run);
        if (!record) return complain(record.error());
        const auto events = journal->events(command.run);
        if (!events) return complain(events.error());
        JsonView json_view(output);
        LineView line_view(output);
        experiment::EventSink& view =
            command.json ? static_cast<experiment::EventSink&>(json_view) : line_view;
        for (const auto& event : *events)
            view.on_event(event);
        if (!command.json && !events->empty() && events->back().kind == "verdict")
            output.write(report_text(events->back().data));
        return 0;
    }
    const auto records = journal->runs(command.count_max);
    if (!records) return complain(records.error());
    if (records->empty() && !command.json) output.line("no runs yet");
    for (const auto& record : *records) {
        if (command.json)
            output.line(json::text(record_json(record)));
        else
            output.line(fmt::format("{:<22} {}  {:<16} {:<10} {}",
                                    record.id,
                                    rfc3339_seconds(record.created_at),
                                    record.fault,
                                    record.open ? "open" : record.verdict,
                                    record.cluster));
    }
    return 0;
}

int run_command(const AbortCommand& command,
                const experiment::FaultTable& faults,
                const SignalStops& signals) {
    auto journal = Journal::open_default();
    if (!journal) return complain(journal.error());
    const auto record = find_open_run(*journal, command.run);
    if (!record) return complain(record.error());
    Output output;
    if (!record->open) {
        output.line(fmt::format("{} is over: {}", record->id, record->verdict));
        return 0;
    }
    const auto runner = runner_of(*journal, record->id);
    if (!runner) return complain(runner.error());
    if (!*runner)
        return run_command(RecoverCommand{record->id, false, command.json}, faults, signals);
    const Fd process(static_cast<int>(::syscall(SYS_pidfd_open, **runner, 0)));
    // The lock tells that the number still is the runner's.
    const auto again = runner_of(*journal, record->id);
    if (!process || !again || *again != *runner
        || ::syscall(SYS_pidfd_send_signal, process.get(), SIGTERM, nullptr, 0) != 0
        // One that was stopped (Ctrl-Z) hears nothing until it goes on.
        || ::syscall(SYS_pidfd_send_signal, process.get(), SIGCONT, nullptr, 0) != 0) {
        return complain(Error{Errc::failed,
                              fmt::format("the runner of {} (process {}) cannot be told; it may "
                                          "have just ended: look at `squall status`",
                                          record->id,
                                          **runner)});
    }
    pollfd waited{process.get(), POLLIN, 0};
    const SteadyTime give_up = Steady::now() + abort_limit;
    // Its end, or the end of the run: its terminal may keep a process longer than that.
    while (::poll(&waited, 1, 200) == 0) {
        if (const auto now = find_run(*journal, record->id); now && !now->open) break;
        if (signals.first().stop_requested() || Steady::now() > give_up) {
            return complain(Error{Errc::timed_out,
                                  fmt::format("{} was told to end, and is still putting its hosts "
                                              "back: look at `squall status`",
                                              record->id)});
        }
    }
    const auto closed = find_run(*journal, record->id);
    if (!closed) return complain(closed.error());
    if (command.json)
        output.line(json::text(record_json(*closed)));
    else if (!closed->open)
        output.line(fmt::format("{} is over: {}", closed->id, closed->verdict));
    if (!closed->open) return 0;
    return complain(
        Error{Errc::failed,
              fmt::format("the runner of {} has left it open, without seeing its hosts "
                          "well again: they restore themselves, and `squall recover {}` "
                          "looks after them at once",
                          closed->id,
                          closed->id)});
}

int run_command(const RecoverCommand& command,
                const experiment::FaultTable& faults,
                const SignalStops& signals) {
    auto journal = Journal::open_default();
    if (!journal) return complain(journal.error());
    std::vector<RunRecord> records;
    if (!command.run.empty()) {
        auto record = find_run(*journal, command.run);
        if (!record) return complain(record.error());
        records.push_back(std::move(*record));
    } else {
        auto open = journal->open_runs();
        if (!open) return complain(open.error());
        records = std::move(*open);
    }
    Output output;
    output.write_in_background();
    JsonView json_view(output);
    LineView line_view(output);
    experiment::EventSink* view =
        command.json ? static_cast<experiment::EventSink*>(&json_view) : &line_view;
    int code = 0;
    int closed = 0;
    bool is_any_at_work = false;
    for (const auto& record : records) {
        const auto runner = record.open ? runner_of(*journal, record.id)
                                        : Result<std::optional<pid_t>>(std::optional<pid_t>());
        if (!runner) {
            code = complain(runner.error());
            break;
        }
        if (!record.open || *runner) {
            is_any_at_work = is_any_at_work || record.open;
            if (!command.json)
                output.line(record.open ? fmt::format(
                                "{} is still carried out by process {}", record.id, **runner)
                                        : fmt::format("{} is over: {}", record.id, record.verdict));
            continue;
        }
        if (command.forget) {
            if (auto done = journal->close(record.id, "aborted", Wall::now()); !done) {
                code = complain(done.error());
                break;
            }
            if (!command.json)
                output.line(
                    fmt::format("{} is closed, and nobody has looked at its hosts", record.id));
            ++closed;
            continue;
        }
        if (!command.json)
            output.line(fmt::format("{}  {} on {}", record.id, record.fault, record.cluster));
        const auto result = recover_run(*journal, faults, record, {view}, signals);
        if (!result || result->verdict == experiment::Verdict::refused) {
            log::print(
                "squall: {}: {}\n", record.id, result ? result->reason : result.error().message);
            code = exit_error;
            continue;
        }
        if (result->is_open) {
            log::print("squall: {}: {}\n", record.id, result->reason);
            code = experiment::exit_code(result->verdict);
            break;
        }
        if (result->verdict == experiment::Verdict::failed)
            code = experiment::exit_code(result->verdict);
        ++closed;
    }
    if (closed == 0 && code == 0 && command.run.empty() && !is_any_at_work && !command.json)
        output.line("nothing to recover");
    output.flush(signals.first());
    return code;
}

} // namespace squall::app
