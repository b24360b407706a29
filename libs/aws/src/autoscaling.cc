#include "squall/aws/autoscaling.h"

#include "autoscaling_decode.h"
#include "pages.h"

#include <iterator>

namespace squall::aws {
namespace {

constexpr std::size_t ids_max = 50;
constexpr std::string_view groups_page = "100";

template <class T>
using Decode = Result<AutoScalingPage<T>> (*)(std::string_view xml);

// Adds all pages of a list to `into`.
template <class T>
Outcome<void> read_pages(Client& client,
                         std::string_view action,
                         const wire::QueryParameters& parameters,
                         Decode<T> decode,
                         const std::pair<Deadline, std::stop_token>& until,
                         std::vector<T>& into) {
    const auto take = [&](std::string_view xml) -> Result<std::string> {
        auto page = decode(xml);
        if (!page) return fail(page.error());
        std::move(page->found.begin(), page->found.end(), std::back_inserter(into));
        return std::move(page->next_token);
    };
    return for_each_page(
        client, {ServiceId::autoscaling, action, parameters}, until.first, until.second, take);
}

wire::QueryParameters parameters_of(const AutoScalingGroupFilter& filter,
                                    std::span<const std::string> names) {
    wire::QueryParameters parameters;
    for (std::size_t i = 0; i < names.size(); ++i)
        parameters.add(fmt::format("AutoScalingGroupNames.member.{}", i + 1), names[i]);
    int number = 0;
    for (const auto& [key, value] : filter.tags) {
        const std::string member = fmt::format("Filters.member.{}.", ++number);
        parameters.add(member + "Name", "tag:" + key);
        parameters.add(member + "Values.member.1", value);
    }
    parameters.add("MaxRecords", std::string(groups_page));
    return parameters;
}

} // namespace

Outcome<std::vector<AutoScalingInstance>> AutoScaling::describe_auto_scaling_instances(
    std::span<const std::string> instance_ids, Deadline deadline, const std::stop_token& stop) {
    std::vector<AutoScalingInstance> all;
    for (const auto& batch : batches(instance_ids, ids_max)) {
        wire::QueryParameters parameters;
        for (std::size_t i = 0; i < batch.size(); ++i)
            parameters.add(fmt::format("InstanceIds.member.{}", i + 1), batch[i]);
        auto done = read_pages<AutoScalingInstance>(client_,
                                                    "DescribeAutoScalingInstances",
                                                    parameters,
                                                    &decode_auto_scaling_instances,
                                                    {deadline, stop},
                                                    all);
        if (!done) return fail(done.error());
    }
    return all;
}

Outcome<std::vector<AutoScalingGroup>> AutoScaling::describe_auto_scaling_groups(
    const AutoScalingGroupFilter& filter, Deadline deadline, const std::stop_token& stop) {
    std::vector<AutoScalingGroup> all;
    auto rounds = batches(filter.names, ids_max);
    if (rounds.empty()) rounds.emplace_back();
    for (const auto& names : rounds) {
        auto done = read_pages<AutoScalingGroup>(client_,
                                                 "DescribeAutoScalingGroups",
                                                 parameters_of(filter, names),
                                                 &decode_auto_scaling_groups,
                                                 {deadline, stop},
                                                 all);
        if (!done) return fail(done.error());
    }
    return all;
}

Outcome<ScalingActivity> AutoScaling::terminate_instance_in_auto_scaling_group(
    const std::string& instance_id, Deadline deadline, const std::stop_token& stop) {
    const std::string action = "TerminateInstanceInAutoScalingGroup";
    wire::QueryParameters parameters;
    parameters.add("InstanceId", instance_id);
    parameters.add("ShouldDecrementDesiredCapacity", "false");
    const auto answer =
        client_.call_query(ServiceId::autoscaling, action, std::move(parameters), deadline, stop);
    if (!answer) return fail(answer.error());
    const std::string activity = action + "Result/Activity/";
    return ScalingActivity{answer->text_at(activity + "ActivityId"),
                           answer->text_at(activity + "StatusCode"),
                           answer->text_at(activity + "Description")};
}

} // namespace squall::aws
