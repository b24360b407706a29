#include "cloudwatch/alarms.h"

#include "cloudwatch/parameters.h"
#include "squall/base/text.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace squall::lab::cloudwatch {
namespace {

constexpr std::size_t name_max = 255;
constexpr std::size_t page_max = 100;
constexpr std::array texts_kept{"AlarmDescription",
                                "MetricName",
                                "Namespace",
                                "Statistic",
                                "ComparisonOperator",
                                "TreatMissingData",
                                "Unit"};
constexpr std::array lists_kept{"OKActions", "AlarmActions", "InsufficientDataActions"};
constexpr std::array integers_kept{"Period", "EvaluationPeriods", "DatapointsToAlarm"};

bool is_state(const std::string& state) {
    return state == "OK" || state == "ALARM" || state == "INSUFFICIENT_DATA";
}

tl::unexpected<wire::ServiceError> not_found() {
    return refuse("ResourceNotFound", "Unknown Alarm", 404);
}

bool matches(const std::vector<std::string>& wanted, const std::string& word) {
    return wanted.empty() || std::find(wanted.begin(), wanted.end(), word) != wanted.end();
}

} // namespace

std::optional<Answer> Alarms::call(const ApiCall& call) {
    static const OperationTable<Alarms> operations{
        {"PutMetricAlarm", &Alarms::put_metric_alarm},
        {"DescribeAlarms", &Alarms::describe_alarms},
        {"SetAlarmState", &Alarms::set_alarm_state},
        {"DeleteAlarms", &Alarms::delete_alarms},
    };
    return call_operation(*this, operations, call);
}

Answer Alarms::put_metric_alarm(const ApiCall& call) {
    const Parameters parameters(call);
    const std::string name = parameters.text("AlarmName");
    if (name.empty() || name.size() > name_max)
        return invalid_value("AlarmName must have 1 to 255 characters.");
    for (const char* member : {"EvaluationPeriods", "Threshold"}) {
        if (!parameters.number(member))
            return refuse("MissingParameter", fmt::format("The parameter {} is required.", member));
    }
    if (parameters.text("ComparisonOperator").empty())
        return refuse("MissingParameter", "The parameter ComparisonOperator is required.");
    if (!alarms_.contains(name) && alarms_.size() >= alarms_max)
        return refuse("LimitExceeded", "The maximum number of alarms has been reached.");
    json::Object definition;
    for (const char* member : texts_kept) {
        if (const auto text = parameters.text(member); !text.empty()) definition[member] = text;
    }
    for (const char* member : integers_kept) {
        const auto number = parameters.number(member);
        if (!number) continue;
        if (*number < 1 || *number > 1e6 || std::floor(*number) != *number)
            return invalid_value(fmt::format("{} must be a whole number, 1 or more.", member));
        definition[member] = static_cast<std::int64_t>(*number);
    }
    definition["Threshold"] = *parameters.number("Threshold");
    for (const char* member : lists_kept) {
        const auto texts = parameters.texts(member);
        definition[member] = json::Array(texts.begin(), texts.end());
    }
    const bool is_new = !alarms_.contains(name);
    Alarm& alarm = alarms_[name];
    alarm.definition = std::move(definition);
    alarm.configured_at = call.now;
    if (is_new) alarm.state_at = call.now;
    return result(call, {});
}

json::Object
Alarms::describe(const std::string& name, const Alarm& alarm, const ApiCall& call) const {
    json::Object object = alarm.definition;
    object["AlarmName"] = name;
    object["AlarmArn"] = fmt::format("arn:aws:cloudwatch:{}:{}:alarm:{}", region_, account_, name);
    object["ActionsEnabled"] = true;
    object["StateValue"] = alarm.state;
    object["StateReason"] = alarm.reason;
    object["Dimensions"] = json::Array{};
    object["AlarmConfigurationUpdatedTimestamp"] = time_value(call, alarm.configured_at);
    object["StateUpdatedTimestamp"] = time_value(call, alarm.state_at);
    return object;
}

Answer Alarms::describe_alarms(const ApiCall& call) {
    const Parameters parameters(call);
    const auto names = parameters.texts("AlarmNames");
    const std::string prefix = parameters.text("AlarmNamePrefix");
    const std::string state = parameters.text("StateValue");
    if (names.size() > page_max) return invalid_value("AlarmNames can have at most 100 members.");
    if (!names.empty() && !prefix.empty())
        return refuse("InvalidParameterCombination",
                      "AlarmNames and AlarmNamePrefix cannot be given together.");
    if (!state.empty() && !is_state(state))
        return invalid_value("StateValue must be OK, ALARM or INSUFFICIENT_DATA.");
    const auto size = parameters.number("MaxRecords").value_or(page_max);
    if (size < 1 || size > page_max) return invalid_value("MaxRecords must be between 1 and 100.");
    const auto types = parameters.texts("AlarmTypes");
    std::vector<std::string> found;
    for (const auto& [name, alarm] : alarms_) {
        if (matches(names, name) && name.starts_with(prefix)
            && (state.empty() || alarm.state == state) && matches(types, "MetricAlarm"))
            found.push_back(name);
    }
    const auto page = page_of(found, parameters.text("NextToken"), static_cast<std::size_t>(size));
    if (!page) return refuse("InvalidNextToken", "The next token specified is invalid.");
    json::Array alarms;
    for (const auto& name : page->keys)
        alarms.push_back(describe(name, alarms_.find(name)->second, call));
    json::Object members{{"MetricAlarms", std::move(alarms)}, {"CompositeAlarms", json::Array{}}};
    if (!page->next_token.empty()) members["NextToken"] = page->next_token;
    return result(call, members);
}

Answer Alarms::set_alarm_state(const ApiCall& call) {
    const Parameters parameters(call);
    const auto found = alarms_.find(parameters.text("AlarmName"));
    if (found == alarms_.end()) return not_found();
    const std::string state = parameters.text("StateValue");
    if (!is_state(state))
        return invalid_value("StateValue must be OK, ALARM or INSUFFICIENT_DATA.");
    if (found->second.state != state) found->second.state_at = call.now;
    found->second.state = state;
    found->second.reason = parameters.text("StateReason");
    return result(call, {});
}

// All of them, or none.
Answer Alarms::delete_alarms(const ApiCall& call) {
    const auto names = Parameters(call).texts("AlarmNames");
    for (const auto& name : names) {
        if (!alarms_.contains(name)) return not_found();
    }
    for (const auto& name : names)
        alarms_.erase(name);
    return result(call, {});
}

} // namespace squall::lab::cloudwatch
