#include "squall/aws/cloudwatch.h"

#include "pages.h"

namespace squall::aws {
namespace {

constexpr std::size_t names_max = 100;

} // namespace

Outcome<std::vector<Alarm>> CloudWatch::describe_alarms(std::span<const std::string> names,
                                                        Deadline deadline,
                                                        const std::stop_token& stop) {
    std::vector<Alarm> alarms;
    for (const auto& batch : batches(names, names_max)) {
        wire::QueryParameters parameters;
        for (std::size_t i = 0; i < batch.size(); ++i)
            parameters.add(fmt::format("AlarmNames.member.{}", i + 1), batch[i]);
        // Composite alarms come only when they are asked for.
        parameters.add("AlarmTypes.member.1", "MetricAlarm");
        parameters.add("AlarmTypes.member.2", "CompositeAlarm");
        // As many as names: the answer is one page.
        parameters.add("MaxRecords", std::to_string(names_max));
        const auto answer = client_.call_query(
            ServiceId::cloudwatch, "DescribeAlarms", std::move(parameters), deadline, stop);
        if (!answer) return fail(answer.error());
        for (const char* kind : {"MetricAlarms", "CompositeAlarms"}) {
            answer->for_each(fmt::format("DescribeAlarmsResult/{}/member", kind),
                             [&](const wire::XmlDocument::Reader& read) {
                                 alarms.push_back({read("AlarmName"),
                                                   read("AlarmArn"),
                                                   read("StateValue"),
                                                   read("StateReason")});
                             });
        }
    }
    return alarms;
}

} // namespace squall::aws
