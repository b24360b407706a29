#include "run_commands.h"

#include "control.h"
#include "host_canary.h"
#include "keeper.h"
#include "process.h"
#include "run_folder.h"
#include "squall/base/text.h"

#include <unistd.h>

#include <csignal>

namespace squall::host_app {
namespace {

constexpr Millis answer_max{1000};
constexpr Seconds beyond_drain{3}; // and then it is killed
constexpr std::size_t record_max = 64U << 10U;

json::Object with_names(json::Object object, const ProxyPlace& place) {
    object["run"] = place.run;
    object["task"] = place.name;
    return object;
}

// What a proxy has left. One that could not say that it ended was killed: what it had counted is
// known up to a second before.
json::Object last_state(const ProxyPlace& place) {
    const auto text = read_file(place.record(), record_max);
    auto read = text ? json::parse_object(*text) : fail(text.error());
    json::Object object = read ? std::move(*read) : with_names({}, place);
    if (json::string_at(object, "state") != "ended") {
        object["state"] = "killed";
        object["ended_by"] = "death";
        object["why"] = "it died before its time";
    }
    return object;
}

// One that is frozen, too, is of no use to anybody.
void end_keeper(const json::Object& state) {
    const auto pid = static_cast<pid_t>(json::integer_at(state, "keeper"));
    if (pid <= 0) return;
    const auto is_it = [pid] {
        const auto comm = read_file(fmt::format("/proc/{}/comm", pid), record_max);
        return comm && trimmed(*comm) == Keeper::name;
    };
    if (is_it() && !has_ended(pid, Deadline::in(answer_max)) && is_it()) ::kill(pid, SIGKILL);
}

// What else there is was said when it began.
json::Object told_at_the_end(json::Object last, const json::Object& canary) {
    if (!canary.empty()) {
        const bool met = json::bool_at(json::at(last, "canary"), "met");
        last["canary"] = members_of(canary, {"before", "during", "during_ms", "after"});
        last["canary"].as_object()["met"] = met;
        // Another container may have its address by now.
        if (json::string_at(last, "ended_by") == "container")
            last["canary"].as_object()["after"] = "gone";
    }
    return members_of(last,
                      {"task",
                       "container_name",
                       "pid",
                       "intercept",
                       "state",
                       "reset_existing",
                       "counts",
                       "cut_off",
                       "canary",
                       "ended_by",
                       "why"});
}

json::Object state_of(const ProxyPlace& place) {
    const auto answer = ask(place.socket(), "status", answer_max);
    if (!answer) return last_state(place);
    if (auto object = json::parse_object(answer->text)) return std::move(*object);
    return with_names({{"state", "frozen"}, {"pid", answer->pid}}, place);
}

} // namespace

int run_status(const std::string& run) {
    json::Array proxies;
    for (const ProxyPlace& place : places(run))
        proxies.push_back(state_of(place));
    tell(STDOUT_FILENO, {{"proxies", std::move(proxies)}});
    return 0;
}

int run_stop(const std::string& run, std::optional<Seconds> drain) {
    constexpr Seconds drain_default{10};
    const auto list = places(run);

    struct Told {
        int pid = 0;
        bool is_frozen = false;
    };

    std::vector<Told> told;
    const Seconds patience = drain.value_or(drain_default);
    const std::string word = fmt::format("stop {}", patience.count());
    // All of them at once: none is armed while another one drains.
    for (const ProxyPlace& place : list) {
        const auto answer = ask(place.socket(), word, answer_max);
        told.push_back(answer ? Told{answer->pid, answer->text.empty()} : Told{});
        if (told.back().is_frozen && answer->pid > 0) ::kill(answer->pid, SIGKILL);
    }
    const auto until = Deadline::in(patience + beyond_drain);
    std::vector<json::Object> ended;
    for (std::size_t index = 0; index < list.size(); ++index) {
        const Told& proxy = told[index];
        bool is_killed = proxy.is_frozen;
        if (proxy.pid > 0 && !has_ended(proxy.pid, until)) {
            is_killed = true;
            ::kill(proxy.pid, SIGKILL);
            static_cast<void>(has_ended(proxy.pid, Deadline::in(answer_max)));
        }
        if (is_killed) static_cast<void>(::unlink(list[index].socket().c_str()));
        json::Object last = last_state(list[index]);
        if (is_killed) last["state"] = "killed";
        if (proxy.is_frozen) {
            last["ended_by"] = "freeze";
            last["why"] = "it was frozen";
        }
        end_keeper(last);
        ended.push_back(std::move(last));
    }
    const json::Object canaries = ask_after(run);
    json::Array proxies;
    for (json::Object& last : ended) {
        const auto& canary = json::object_at(canaries, json::string_at(last, "task"));
        proxies.push_back(told_at_the_end(std::move(last), canary));
    }
    tell(STDOUT_FILENO, {{"event", "stopped"}, {"run", run}, {"proxies", std::move(proxies)}});
    return 0;
}

int run_forget(const std::string& run) {
    forget(run);
    return 0;
}

} // namespace squall::host_app
