// initctl, and start, stop, restart and status as links to it, as Upstart 1 of Amazon Linux 1 has
// them: jobs are the units of this init.
#include "init/init_client.h"
#include "init/roles.h"
#include "squall/base/log.h"
#include "squall/base/text.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace squall::labhost::init {
namespace {

constexpr std::array verbs{"start", "stop", "restart", "status"};
constexpr std::string_view suffix = ".service";

int complain_as_initctl(const std::string& message) {
    log::print("initctl: {}\n", message);
    return 1;
}

bool is_running(const json::Object& unit) {
    return json::string_at(unit, "active_state") == "active";
}

// "ecs start/running, process 123", "ecs stop/waiting"
std::string state_line(std::string_view job, const json::Object& unit) {
    const auto& main = json::object_at(json::object_at(unit, "service"), "main");
    const std::string_view state = json::string_at(unit, "active_state");
    if (state == "active")
        return fmt::format("{} start/running, process {}\n", job, json::integer_at(main, "pid"));
    if (state == "activating") return fmt::format("{} start/starting\n", job);
    if (state == "deactivating") return fmt::format("{} stop/stopping\n", job);
    return fmt::format("{} stop/waiting\n", job);
}

int list_jobs(InitClient& client) {
    const auto units = client.units();
    if (!units) return complain_as_initctl(units.error().message);
    for (const auto& unit : *units) {
        const std::string_view name = json::string_at(unit, "id");
        if (name.ends_with(suffix))
            fmt::print("{}",
                       state_line(name.substr(0, name.size() - suffix.size()), unit.as_object()));
    }
    return 0;
}

int change(InitClient& client, const std::string& verb, const std::string& job, bool waits) {
    const std::string name = job + std::string(suffix);
    const auto before = client.unit(name);
    if (!before) return complain_as_initctl(before.error().message);
    if (json::string_at(*before, "load_state") == "not-found")
        return complain_as_initctl("Unknown job: " + job);
    if (verb == "start" && is_running(*before))
        return complain_as_initctl("Job is already running: " + job);
    if (verb != "start" && !is_running(*before)) return complain_as_initctl("Unknown instance: ");
    const auto answer = client.post(
        "/v1/jobs", {{"verb", verb}, {"units", json::Array{json::Value(name)}}, {"wait", waits}});
    if (!answer) return complain_as_initctl(answer.error().message);
    for (const auto& entry : json::array_at(*answer, "results")) {
        const std::string_view result = json::string_at(entry, "result");
        if (!json::at(entry, "error").is_null() || (result != "done" && result != "queued"))
            return complain_as_initctl("Job failed to " + verb);
    }
    const auto after = client.unit(name);
    if (after) fmt::print("{}", state_line(job, *after));
    return 0;
}

int run_verb(const std::string& verb, std::vector<std::string> words) {
    words.insert(words.begin(), verb);
    return run_initctl(words);
}

} // namespace

int run_initctl(const std::vector<std::string>& arguments) {
    std::vector<std::string> words;
    bool waits = true;
    for (const auto& word : arguments) {
        if (word == "-n" || word == "--no-wait")
            waits = false;
        else if (word.starts_with('-'))
            return complain_as_initctl("invalid option: " + word);
        else
            words.push_back(word);
    }
    InitClient client;
    const std::string verb = words.empty() ? "" : words.front();
    if (verb == "list") return list_jobs(client);
    if (verb == "version") {
        fmt::print("init (upstart 0.6.5)\n");
        return 0;
    }
    if (std::find(verbs.begin(), verbs.end(), verb) == verbs.end())
        return complain_as_initctl("invalid command: " + verb);
    if (words.size() != 2) return complain_as_initctl("missing job name");
    const std::string& job = words[1];
    if (verb != "status") return change(client, verb, job, waits);
    const auto unit = client.unit(job + std::string(suffix));
    if (!unit) return complain_as_initctl(unit.error().message);
    if (json::string_at(*unit, "load_state") == "not-found")
        return complain_as_initctl("Unknown job: " + job);
    fmt::print("{}", state_line(job, *unit));
    return 0;
}

int run_start(const std::vector<std::string>& jobs) { return run_verb("start", jobs); }

int run_stop(const std::vector<std::string>& jobs) { return run_verb("stop", jobs); }

int run_restart(const std::vector<std::string>& jobs) { return run_verb("restart", jobs); }

int run_job_status(const std::vector<std::string>& jobs) { return run_verb("status", jobs); }

} // namespace squall::labhost::init
