#include "squall/base/json.h"
#include "squall/base/time_text.h"
#include "squall/monitor/simulation.h"

#include <fmt/format.h>

namespace squall::monitor {
namespace {

std::string seconds(WallTime when) { return decimal_seconds(Millis(epoch_millis(when))); }

std::string in_quotes(std::string_view text) { return json::text(json::Value(text)); }

std::string in_quotes_or_null(std::string_view text) {
    return text.empty() ? "null" : in_quotes(text);
}

void add(std::string& line, std::string_view name, std::string_view value) {
    line += fmt::format(",\"{}\":{}", name, value);
}

void add_text(std::string& line, std::string_view name, std::string_view value) {
    if (!value.empty()) add(line, name, in_quotes(value));
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
    return in_quotes(text);
}

} // namespace

std::string json_line(const Decision& decision) {
    std::string line =
        fmt::format("{{\"at\":{},\"kind\":{},\"cluster\":{},\"node\":{},\"reason\":{}",
                    seconds(decision.at),
                    in_quotes(text(decision.kind)),
                    in_quotes_or_null(decision.cluster),
                    in_quotes_or_null(decision.node),
                    reason_text(decision));
    add_text(line, "incident", decision.incident);
    if (decision.kind == DecisionKind::action) add_text(line, "action", text(decision.rung));
    if (decision.since != unknown_time) add(line, "since", seconds(decision.since));
    if (decision.duration) add(line, "duration_s", decimal_seconds(*decision.duration));
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
                       in_quotes_or_null(trace.cluster),
                       in_quotes_or_null(trace.node),
                       in_quotes(trace.text));
}

} // namespace squall::monitor
