#include "logs/service.h"

#include "squall/base/time_text.h"

namespace squall::lab::logs {

tl::unexpected<wire::ServiceError> invalid_parameter(std::string message) {
    return refuse("InvalidParameterException", std::move(message));
}

Result<std::size_t, wire::ServiceError> limit_of(const ApiCall& call, std::int64_t most) {
    const auto limit = json::integer_at(call.body, "limit", most);
    if (limit < 1 || limit > most)
        return invalid_parameter(fmt::format("limit must be between 1 and {}.", most));
    return static_cast<std::size_t>(limit);
}

std::string group_name_in(const ApiCall& call) {
    const auto name = json::string_at(call.body, "logGroupName");
    if (!name.empty()) return std::string(name);
    const auto identifier = json::string_at(call.body, "logGroupIdentifier");
    constexpr std::string_view mark = ":log-group:";
    const auto at = identifier.find(mark);
    return std::string(at == std::string_view::npos ? identifier
                                                    : identifier.substr(at + mark.size()));
}

std::optional<Answer> Service::call(const ApiCall& call) {
    static const OperationTable<Service> operations{
        {"CreateLogGroup", &Service::create_log_group},
        {"DeleteLogGroup", &Service::delete_log_group},
        {"DescribeLogGroups", &Service::describe_log_groups},
        {"PutRetentionPolicy", &Service::put_retention_policy},
        {"DeleteRetentionPolicy", &Service::delete_retention_policy},
        {"TagResource", &Service::tag_resource},
        {"UntagResource", &Service::untag_resource},
        {"ListTagsForResource", &Service::list_tags},
        {"TagLogGroup", &Service::tag_resource},
        {"UntagLogGroup", &Service::untag_resource},
        {"ListTagsLogGroup", &Service::list_tags},
        {"CreateLogStream", &Service::create_log_stream},
        {"DeleteLogStream", &Service::delete_log_stream},
        {"DescribeLogStreams", &Service::describe_log_streams},
        {"PutLogEvents", &Service::put_log_events},
        {"GetLogEvents", &Service::get_log_events},
        {"FilterLogEvents", &Service::filter_log_events},
    };
    return call_operation(*this, operations, call);
}

Service::Found<LogGroup*> Service::group_of(const ApiCall& call) {
    const auto found = store_.groups.find(group_name_in(call));
    if (found == store_.groups.end())
        return refuse("ResourceNotFoundException", "The specified log group does not exist.");
    return &found->second;
}

Service::Found<LogStream*> Service::stream_of(LogGroup& group, const ApiCall& call) {
    const auto found = group.streams.find(json::string_at(call.body, "logStreamName"));
    if (found == group.streams.end())
        return refuse("ResourceNotFoundException", "The specified log stream does not exist.");
    return &found->second;
}

std::string Service::arn_of(const std::string& group) const {
    return fmt::format("arn:aws:logs:{}:{}:log-group:{}", region_, account_, group);
}

// Log groups have two ARNs: with ":*" at the end, and without.
std::string Service::name_in(std::string_view arn) const {
    const std::string prefix = arn_of("");
    if (!arn.starts_with(prefix)) return {};
    arn.remove_prefix(prefix.size());
    if (arn.ends_with(":*")) arn.remove_suffix(2);
    return std::string(arn);
}

bool Service::deliver(const std::string& group_arn, const Delivery& delivery) {
    const auto group = store_.groups.find(name_in(group_arn));
    if (group == store_.groups.end()) return false;
    // One stream for each source: EventBridge makes one for each event, and nobody could read that.
    std::string name = delivery.source_arn.substr(delivery.source_arn.rfind('/') + 1);
    if (name.empty()) name = "events";
    auto stream = group->second.streams.find(name);
    if (stream == group->second.streams.end()) {
        if (!store_.has_room_for_stream()) return false;
        store_.add_stream(group->second, name, delivery.now);
        stream = group->second.streams.find(name);
    }
    store_.put(stream->second, epoch_millis(delivery.now), delivery.body, delivery.now);
    return true;
}

void Service::tick(WallTime now) {
    if (now < next_expiry_) return;
    next_expiry_ = now + std::chrono::minutes(1);
    store_.expire(now);
}

} // namespace squall::lab::logs
