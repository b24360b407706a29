#include "squall/base/time_text.h"
#include "views.h"

namespace squall::app {
namespace {

std::string at(const json::Object& data, std::string_view name) {
    return std::string(json::string_at(data, name));
}

std::string clock_at(const json::Object& data, std::string_view name) {
    const auto when = parse_time(json::string_at(data, name));
    return when ? clock_time(*when) : "?";
}

std::string after(const json::Object& data, std::string_view name) {
    const auto millis = json::integer_at(data, name, -1);
    if (millis < 0) return {};
    // Answers and looks come a second apart: what is less was seen in the same look.
    return millis < 1000 ? " within a second"
                         : fmt::format(" after {}", short_duration(Millis(millis)));
}

std::string with_advice(const std::string& text, const json::Object& data) {
    const std::string advice = at(data, "advice");
    return advice.empty() ? text : text + ": " + advice;
}

std::string hosts(std::int64_t count) {
    return fmt::format("{} host{}", count, count == 1 ? "" : "s");
}

// What is done, in the fault's words; of journals from before it had any, in ecs-agent-stop's.
std::string doing(const json::Object& data, const char* otherwise) {
    const std::string words = at(data, "doing");
    return words.empty() ? otherwise : words;
}

std::string phase_text(const json::Object& data) {
    const std::string phase = at(data, "phase");
    const auto count = json::integer_at(data, "hosts");
    if (phase == "inject") {
        const auto waves = json::integer_at(data, "waves");
        return fmt::format(
            "{}{} on {}; whatever happens, {} at {}",
            waves > 1 ? fmt::format("wave {} of {}: ", json::integer_at(data, "wave"), waves) : "",
            doing(data, "stopping the agent"),
            hosts(count),
            count == 1 ? "it restores itself" : "they restore themselves",
            clock_at(data, "restore_at"));
    }
    if (phase == "hold")
        return fmt::format("holding {} until {}", hosts(count), clock_at(data, "until"));
    if (phase == "revert" && json::bool_at(data, "told_to_end"))
        return fmt::format("told to end: {} on {} (Ctrl-C once more leaves that to their own "
                           "timers)",
                           doing(data, "starting the agent again"),
                           hosts(count));
    if (phase == "revert")
        return fmt::format("{} on {}", doing(data, "starting the agent again"), hosts(count));
    if (phase == "recover")
        return fmt::format("looking after {} of a run whose runner died", hosts(count));
    return fmt::format("waiting until {} ({})", clock_at(data, "until"), phase);
}

std::string reverted_text(const json::Object& data) {
    const std::string did = at(data, "did");
    if (at(data, "by").empty())
        return fmt::format("{}: nothing was left to undo", did.empty() ? "its agent runs" : did);
    const auto cut_off = json::integer_at(data, "credentials_cut_off_s", -1);
    return (did.empty() ? "agent started" : did) + " by " + at(data, "by")
           + (cut_off < 0 ? ""
                          : fmt::format("; its tasks had no new credentials for {}",
                                        short_duration(Seconds(cut_off))));
}

std::string armed_text(const json::Object& data) {
    const auto cut = json::integer_at(data, "reset_existing", -1);
    return fmt::format("task {} ({}): {} on {}{}; disarms by itself at {}; listed by {}",
                       at(data, "task"),
                       at(data, "container"),
                       at(data, "intercept"),
                       at(data, "interface"),
                       cut < 0    ? ""
                       : cut == 1 ? "; 1 connection from before was reset"
                                  : fmt::format("; {} connections from before were reset", cut),
                       clock_at(data, "until"),
                       at(data, "list"));
}

std::string canary_text(const json::Object& data) {
    const std::string error = at(data, "error");
    return fmt::format("canary, {} the fault: {} after {} ms{}",
                       at(data, "phase"),
                       error.empty() ? fmt::format("HTTP {}", json::integer_at(data, "status"))
                                     : error,
                       json::integer_at(data, "ms"),
                       json::bool_at(data, "differs") ? "; not as before" : "");
}

std::string announced_text(const json::Object& data) {
    return json::bool_at(data, "over")
               ? fmt::format("announced on the bus {} that it is over", at(data, "bus"))
               : fmt::format("announced on the bus {}: {} host{}, until {} at the latest",
                             at(data, "bus"),
                             json::integer_at(data, "nodes"),
                             json::integer_at(data, "nodes") == 1 ? "" : "s",
                             clock_at(data, "until"));
}

std::string verdict_text(const json::Object& data) {
    if (json::bool_at(data, "open")) return "no verdict: the run stays open until `squall recover`";
    return fmt::format("verdict: {} - {}", at(data, "verdict"), at(data, "reason"));
}

// "answered 12, requests 14".
std::string counts_text(const json::Object& data) {
    std::string text;
    for (const auto& [name, count] : json::object_at(data, "counts")) {
        boost::json::error_code error;
        const auto number = count.to_number<std::int64_t>(error);
        if (error || number == 0) continue;
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", std::string_view(name), number);
    }
    return text.empty() ? "it saw none" : text;
}

// Why a proxy's counts may be less than all.
std::string ended_text(const json::Object& data) {
    const std::string why = at(data, "why");
    if (why.empty()) return {};
    if (at(data, "ended_by") == "container") return "; its container ended, and the proxy with it";
    return fmt::format("; its proxy did not last: {}. Traffic went to the application from then "
                       "on; the last second's counts may be missing",
                       why);
}

} // namespace

std::string event_text(const experiment::Event& event) {
    const json::Object& data = event.data;
    const std::string& kind = event.kind;
    if (kind == "run") {
        const std::string cluster = at(data, "cluster");
        const std::string selection = at(data, "selection");
        return fmt::format("run {}: {} on {} ({}), {} of {} container instances{}, {} s",
                           event.run,
                           at(data, "fault"),
                           cluster.substr(cluster.rfind('/') + 1),
                           at(data, "region"),
                           json::integer_at(data, "hosts"),
                           json::integer_at(data, "registered"),
                           selection.empty() ? "" : " (" + selection + ")",
                           json::integer_at(data, "duration_s"));
    }
    if (kind == "phase") return phase_text(data);
    if (kind == "skipped") return with_advice("not affected: " + at(data, "why"), data);
    if (kind == "injected") return at(data, "did").empty() ? "agent stopped" : at(data, "did");
    if (kind == "armed") return armed_text(data);
    if (kind == "absent") return fmt::format("task {}: {}", at(data, "task"), at(data, "why"));
    if (kind == "counted")
        return fmt::format("task {} ({}): {} request{} met the fault: {}{}",
                           at(data, "task"),
                           at(data, "container"),
                           json::integer_at(data, "hits"),
                           json::integer_at(data, "hits") == 1 ? "" : "s",
                           counts_text(data),
                           ended_text(data));
    if (kind == "canary") return canary_text(data);
    if (kind == "announced") return announced_text(data);
    if (kind == "not-injected")
        return "nothing done: " + at(data, "why")
               + (at(data, "other_run").empty() ? "" : " (" + at(data, "other_run") + ")");
    if (kind == "no-answer") return at(data, "why");
    if (kind == "affected")
        return fmt::format("ECS sees it disconnected{}", after(data, "time_to_detect_ms"));
    if (kind == "reverted") return reverted_text(data);
    if (kind == "revert-failed")
        return with_advice("the undo did not go through: " + at(data, "why"), data);
    if (kind == "recovered" && data.contains("hits")) return "is well again";
    if (kind == "recovered")
        return json::bool_at(data, "never_seen_gone")
                   ? "is connected, and was never seen gone"
                   : fmt::format("connected again{}", after(data, "time_to_recover_ms"));
    // What to do comes first: the reason may be a refusal with the statement that would mend it.
    if (kind == "not-recovered")
        return fmt::format("not recovered: {} ({})", at(data, "advice"), at(data, "why"));
    if (kind == "gone") return at(data, "why");
    if (kind == "warning") return "warning: " + at(data, "text");
    if (kind == "guard")
        return (json::bool_at(data, "refuses") ? "guard: " : "warning: ") + at(data, "text");
    if (kind == "error") return "error: " + at(data, "text");
    if (kind == "left") return "squall leaves: " + at(data, "why");
    if (kind == "verdict") return verdict_text(data);
    return {};
}

} // namespace squall::app
