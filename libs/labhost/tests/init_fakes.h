// A machine in memory for tests of init: processes that behave, unit files that are texts, and a
// clock that is moved by hand.
#pragma once

#include "init/supervisor.h"

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace squall::labhost::init {

// Programs: /true, /false, "/exit N", "/die SIGNAL" end at once; "/sleep SECONDS" later; /daemon
// runs until it is signalled and ends as a process without handlers does; /stubborn ignores
// SIGTERM; /parent is a daemon that has left a process of its group in a session of its own;
// /unkillable hangs in the kernel; /nofork cannot be started.
class FakeMachine final : public Effects {
public:
    struct Process {
        Spawn what;
        SteadyTime ends = SteadyTime::max();
        ProcessExit exit;
        bool is_child_of_service = true;
    };

    explicit FakeMachine(const SteadyTime& now) : now_(now) {}

    Result<pid_t> spawn(const Spawn& what) override {
        const auto& words = what.command.words;
        if (words[0] == "/nofork") return fail(Errc::failed, "Resource temporarily unavailable");
        const pid_t pid = ++last_pid_;
        Process process{what};
        const int number = words.size() > 1 ? std::atoi(words[1].c_str()) : 0;
        if (words[0] == "/true") end(process, {ProcessExit::How::exited, 0});
        if (words[0] == "/false") end(process, {ProcessExit::How::exited, 1});
        if (words[0] == "/exit") end(process, {ProcessExit::How::exited, number});
        if (words[0] == "/die") end(process, {ProcessExit::How::killed, number});
        if (words[0] == "/sleep") process.ends = now_ + Seconds(number);
        if (words[0] == "/parent") {
            Process escaped{what};
            escaped.is_child_of_service = false;
            processes_.emplace(++last_pid_, escaped);
        }
        processes_.emplace(pid, process);
        history.push_back(what);
        return pid;
    }

    void signal_process(pid_t pid, int signal) override {
        const auto found = processes_.find(pid);
        if (found == processes_.end() || signal == SIGCONT) return;
        const std::string& program = found->second.what.command.words[0];
        if (program == "/unkillable" || (program == "/stubborn" && signal != SIGKILL)) return;
        end(found->second, {ProcessExit::How::killed, signal});
    }

    std::size_t signal_group(const std::string& invocation,
                             int signal,
                             const std::vector<pid_t>& spared) override {
        std::vector<pid_t> reached;
        for (const auto& [pid, process] : processes_)
            if (process.what.invocation == invocation && process.ends > now_
                && std::find(spared.begin(), spared.end(), pid) == spared.end())
                reached.push_back(pid);
        for (const pid_t pid : reached)
            signal_process(pid, signal);
        return reached.size();
    }

    std::vector<GroupMember> group(const std::string& invocation) override {
        std::vector<GroupMember> members;
        for (const auto& [pid, process] : processes_)
            if (process.what.invocation == invocation && process.ends > now_)
                members.push_back({pid, process.what.command.text(), "fake"});
        return members;
    }

    std::string new_invocation_id() override { return "invocation-" + std::to_string(++starts_); }

    void log(std::string_view, Priority, std::string_view text) override {
        journal.emplace_back(text);
    }

    // The next process whose time has come, if any; it is then gone.
    std::optional<std::pair<pid_t, ProcessExit>> reap() {
        for (const auto& [pid, process] : processes_) {
            if (process.ends > now_) continue;
            const std::pair result(pid, process.exit);
            processes_.erase(pid);
            return result;
        }
        return std::nullopt;
    }

    [[nodiscard]] SteadyTime next_end() const {
        SteadyTime next = SteadyTime::max();
        for (const auto& [pid, process] : processes_)
            next = std::min(next, process.ends);
        return next;
    }

    void end_process(pid_t pid, ProcessExit exit) {
        if (const auto found = processes_.find(pid); found != processes_.end())
            end(found->second, exit);
    }

    [[nodiscard]] const std::map<pid_t, Process>& processes() const { return processes_; }

    std::vector<std::string> journal;
    std::vector<Spawn> history; // everything that was started

private:
    void end(Process& process, ProcessExit exit) const {
        process.ends = now_;
        process.exit = exit;
    }

    const SteadyTime& now_;
    std::map<pid_t, Process> processes_;
    pid_t last_pid_ = 100;
    int starts_ = 0;
};

class FakeUnits final : public UnitSource {
public:
    Result<LoadedUnit> load(const std::string& name) override {
        const auto found = texts.find(name);
        if (found == texts.end()) return fail(Errc::not_found, "Unit {} not found.", name);
        LoadedUnit loaded;
        loaded.fragment = "/etc/systemd/system/" + name;
        loaded.settings = parse_unit(name, {{loaded.fragment, found->second}});
        loaded.is_transient = transient.contains(name);
        return loaded;
    }

    std::vector<std::string> enabled() override { return {wanted.begin(), wanted.end()}; }

    void remove_transient(const std::string& name) override {
        transient.erase(name);
        texts.erase(name);
    }

    std::map<std::string, std::string> texts;
    std::set<std::string> wanted;
    std::set<std::string> transient;
};

// A supervisor on a fake machine.
class FakeHost {
public:
    FakeHost() : machine(steady_), supervisor(machine, units) {}

    void add(const std::string& name, const std::string& text) { units.texts[name] = text; }

    [[nodiscard]] Instant now() const { return {steady_, WallTime(Seconds(1'795'229'653))}; }

    // Asks, lets everything happen that needs no time, and says how the job stands: "done",
    // "failed", …, "pending", or the error.
    std::string ask(Verb verb, const std::string& name) {
        auto result = std::make_shared<std::string>("pending"); // the job may outlive this call
        const auto queued = supervisor.request(verb, name, now(), [result](JobResult ended) {
            *result = std::string(text_of(ended));
        });
        if (!queued) return queued.error().message;
        run();
        results_[name] = result;
        return *result;
    }

    // How the last job that was asked for this unit stands by now.
    std::string last_result(const std::string& name) { return *results_[name]; }

    // Lets everything happen that happens without time passing.
    void run() {
        while (const auto ended = machine.reap())
            supervisor.on_exit(ended->first, ended->second, now());
    }

    void pass(Micros span) {
        const SteadyTime until = steady_ + span;
        run();
        while (true) {
            const SteadyTime next = std::min(supervisor.next_deadline(), machine.next_end());
            if (next > until) break;
            steady_ = std::max(steady_, next);
            supervisor.on_time(now());
            run();
        }
        steady_ = until;
    }

    Unit& unit(const std::string& name) const { return *supervisor.units().at(name); }

    Service& service(const std::string& name) const { return *unit(name).service(); }

    // "active (running)", or "not loaded".
    std::string state(const std::string& name) const {
        if (!supervisor.units().contains(name)) return "not loaded";
        return fmt::format("{} ({})", text_of(unit(name).active_state()), unit(name).sub_state());
    }

    // Ends the main process of a service in some way.
    void crash(const std::string& name, ProcessExit exit = {ProcessExit::How::killed, SIGKILL}) {
        machine.end_process(service(name).main_pid(), exit);
        run();
    }

    // What was started so far, as "ExecStart /daemon"; and what is running now.
    std::vector<std::string> started() const {
        std::vector<std::string> texts;
        for (const Spawn& what : machine.history)
            texts.push_back(fmt::format("{} {}", setting_of(what.role), what.command.text()));
        return texts;
    }

    bool has_logged(const std::string& text) const {
        return std::find(machine.journal.begin(), machine.journal.end(), text)
               != machine.journal.end();
    }

private:
    SteadyTime steady_{Seconds(1000)};
    std::map<std::string, std::shared_ptr<std::string>> results_;

public:
    FakeMachine machine;
    FakeUnits units;
    Supervisor supervisor;
};

} // namespace squall::labhost::init
