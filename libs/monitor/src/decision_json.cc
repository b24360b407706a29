#include "squall/base/json.h"
#include "squall/monitor/simulation.h"

#include <fmt/format.h>

namespace squall::monitor {
namespace {

// 1700000000 or 1700000000.5
std::string seconds(Millis since_1970) {
    const std::int64_t millis = since_1970.count();
    if (millis % 1000 == 0) return fmt::format("{}", millis / 1000);
    std::string text = fmt::format("{:.3f}", static_cast<double>(millis) / 1000);
    text.erase(text.find_last_not_of('0') + 1);
    return text;
}

std::string seconds(WallTime when) {
    return seconds(std::chrono::duration_cast<Millis>(when.time_since_epoch()));
}

std::string quoted(std::string_view text) { return json::text(json::Value(text)); }

std::string quoted_or_null(std::string_view text) { return text.empty() ? "null" : quoted(text); }

void add(std::string& line, std::string_view name, std::string_view value) {
    line += fmt::format(",\"{}\":{}", name, value);
}

void add_text(std::string& line, std::string_view name, std::string_view value) {
    if (!value.empty()) add(line, name, quoted(value));
}

json::Object common_object(const Decision& decision) {
    json::Object common;
    if (!decision.cluster.empty()) common["cluster"] = decision.cluster;
    for_each_trait(decision.traits, [&](const char* name, const std::string& value) {
        if (!value.empty()) common[name] = value;
    });
    return common;
}

std::string reason_text(const Decision& decision) {
    if (decision.reason == Reason::none) return "null";
    std::string text(monitor::text(decision.reason));
    if (!decision.detail.empty()) text += ": " + decision.detail;
    return quoted(text);
}

} // namespace

std::string json_line(const Decision& decision) {
    std::string line =
        fmt::format("{{\"at\":{},\"kind\":{},\"cluster\":{},\"node\":{},\"reason\":{}",
                    seconds(decision.at),
                    quoted(text(decision.kind)),
                    quoted_or_null(decision.cluster),
                    quoted_or_null(decision.node),
                    reason_text(decision));
    add_text(line, "incident", decision.incident);
    if (decision.kind == DecisionKind::action) add_text(line, "action", text(decision.rung));
    if (decision.since != unknown_time) add(line, "since", seconds(decision.since));
    if (decision.duration) add(line, "duration_s", seconds(*decision.duration));
    if (decision.number > 0) add(line, "number", std::to_string(decision.number));
    if (!decision.members.empty()) {
        add(line,
            "members",
            json::text(json::Array(decision.members.begin(), decision.members.end())));
        add(line, "common", json::text(common_object(decision)));
    } else {
        add_text(line, "availability_zone", decision.traits.availability_zone);
        add_text(line, "container_instance_arn", decision.container_instance_arn);
    }
    if (decision.reason == Reason::none) add_text(line, "text", decision.detail);
    return line + "}";
}

std::string json_line(const Trace& trace) {
    return fmt::format("{{\"at\":{},\"kind\":\"trace\",\"cluster\":{},\"node\":{},\"text\":{}}}",
                       seconds(trace.at),
                       quoted_or_null(trace.cluster),
                       quoted_or_null(trace.node),
                       quoted(trace.text));
}

} // namespace squall::monitor
