// What the scripts of these faults print, read.
#include "faults/ecs_container_http.h"
#include "faults/ecs_container_http_scripts.h"
#include "faults/ecs_container_http_tunables.h"
#include "faults/host_answers.h"
#include "squall/base/json.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

#include <algorithm>
#include <array>

namespace squall::experiment {
namespace {

constexpr std::size_t told_max = 300; // characters of what a host says for people

// The counts of what has met a fault: requests, and connections that were reset unread.
constexpr std::array<std::string_view, 2> hit_counts{"met", "reset_after_accept"};

std::string text_at(const json::Value& value, std::string_view key) {
    return std::string(json::string_at(value, key));
}

// Known words only: a host may say what it likes.
json::Object canary_from(const json::Object& told) {
    if (told.empty()) return {};
    json::Object canary{{"met", json::bool_at(told, "met")}};
    for (const char* phase : {"before", "during", "after"}) {
        if (const auto outcome = text_at(told, phase); !outcome.empty())
            canary[phase] = outcome.substr(0, told_max);
    }
    if (const auto took = json::integer_at(told, "during_ms"); took > 0) canary["during_ms"] = took;
    return canary;
}

HostReport::Task task_from(const json::Value& proxy) {
    HostReport::Task task{text_at(proxy, "task"),
                          text_at(proxy, "container_name"),
                          text_at(proxy, "interface"),
                          text_at(proxy, "intercept"),
                          text_at(proxy, "list"),
                          text_at(proxy, "until"),
                          json::object_at(proxy, "counts"),
                          0,
                          {},
                          canary_from(json::object_at(proxy, "canary"))};
    task.reset_existing = std::max<std::int64_t>(0, json::integer_at(proxy, "reset_existing"));
    // Its own end and our command are how it should end.
    const std::string ended_by = text_at(proxy, "ended_by");
    if (ended_by != "time" && ended_by != "stop") {
        task.ended_by = ended_by;
        task.why = text_at(proxy, "why");
    }
    for (const auto name : hit_counts)
        task.hits += std::max<std::int64_t>(0, json::integer_at(task.counts, name));
    return task;
}

// Why nobody's connection came to the proxies.
std::vector<std::string> why_none_came(const TunableValues& values) {
    std::vector<std::string> causes{
        "there was no traffic at that time",
        fmt::format("it came in on another port than {}, or another interface",
                    values.text("TARGET_SERVICE_PORT")),
        "it went to tasks that were not affected, or was answered by a cache before them"};
    if (values.text("EXISTING_CONNECTIONS") == "keep")
        causes.emplace_back("clients kept connections from before the fault "
                            "(EXISTING_CONNECTIONS=reset cuts those)");
    return causes;
}

// Why connections came, and none of them met the fault.
std::vector<std::string> why_all_passed(const TunableValues& values, const json::Object& counted) {
    std::vector<std::string> causes;
    for (const auto& name : http_match_names()) {
        const auto& text = values.text(name);
        if (!text.empty() && text != "100" && text != "1")
            causes.push_back(fmt::format("{}={} let all of them pass", name, text));
    }
    if (const auto tls = json::integer_at(counted, "tls"); tls > 0)
        causes.push_back(fmt::format("{} of them spoke TLS, which passes unread", tls));
    if (values.has("RESET_TIMEOUT") && values.number("RESET_TIMEOUT") > 0)
        causes.push_back(fmt::format("the {} ms of RESET_TIMEOUT had not passed for any of them "
                                     "when it ended, or when the fault did (until then it was "
                                     "held)",
                                     values.number("RESET_TIMEOUT")));
    if (is_no_delay(values)) causes.emplace_back("LATENCY=0 delays nothing");
    const auto requests = json::integer_at(counted, "requests");
    if (causes.empty() && requests == 0) causes.emplace_back("none of them sent a whole request");
    if (causes.empty())
        causes.push_back(fmt::format("{} of {} request{} passed as they were",
                                     json::integer_at(counted, "untouched"),
                                     requests,
                                     requests == 1 ? "" : "s"));
    return causes;
}

// In words; empty for what is none of the script's.
std::string words_of(std::string_view found) {
    if (found == "hold") return "the fault";
    if (found == "proxy") return "a proxy without its record";
    if (found == "counts") return "what a proxy has counted";
    if (found == "part") return "a part of a fault that began or ended";
    if (found == "tombstone") return "a mark";
    if (found == "timer") return "a timer";
    if (found == "foreign")
        return fmt::format("something in place of the fault's record, /var/run/squall/{}",
                           http_hold_name);
    return {};
}

} // namespace

std::optional<HostReport> EcsContainerHttp::read_report(std::string_view output) const {
    auto answer = read_host_answer(output, http_hold_name);
    if (!answer) return std::nullopt;
    HostReport report = std::move(answer->report);
    const json::Object& helper = json::object_at(answer->line, "helper");
    if (report.why.empty()) report.why = json::string_at(helper, "error").substr(0, told_max);
    const std::string end{json::string_at(helper, "until")};
    for (const auto& proxy : json::array_at(helper, "proxies")) {
        report.tasks.push_back(task_from(proxy));
        if (report.tasks.back().until.empty()) report.tasks.back().until = end;
    }
    for (const auto& id : json::array_at(helper, "absent"))
        report.absent.emplace_back(json::string_of(id));
    return report;
}

std::string EcsContainerHttp::advice_without_effect(const Plan& plan,
                                                    const json::Object& counted) const {
    const TunableValues& values = plan.tunables;
    const auto accepted = json::integer_at(counted, "accepted");
    std::vector<std::string> causes =
        accepted > 0 ? why_all_passed(values, counted) : why_none_came(values);
    if (const auto& exempt = values.text("EXEMPT_SOURCES"); !exempt.empty())
        causes.push_back(fmt::format("EXEMPT_SOURCES={} let all of them pass", exempt));
    return fmt::format("{} came to the proxies: {}",
                       accepted == 0   ? "no connection"
                       : accepted == 1 ? "1 connection"
                                       : fmt::format("{} connections", accepted),
                       join(causes, "; or "));
}

std::optional<std::vector<Leftover>>
EcsContainerHttp::read_leftovers(std::string_view output) const {
    return read_leftover_list(output, http_hold_name, [](std::string_view found) {
        return LeftoverWord{words_of(found), found == "hold" || found == "proxy"};
    });
}

} // namespace squall::experiment
