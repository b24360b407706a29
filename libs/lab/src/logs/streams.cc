// Log streams.
#include "logs/service.h"
#include "squall/base/time_text.h"

#include <algorithm>

namespace squall::lab::logs {
namespace {

constexpr std::size_t name_max = 512;

json::Object describe_stream(const std::string& name, const LogStream& stream, std::string arn) {
    json::Object object{{"logStreamName", name},
                        {"creationTime", epoch_millis(stream.created_at)},
                        {"uploadSequenceToken", std::to_string(stream.last_ingested)},
                        {"arn", std::move(arn)},
                        {"storedBytes", 0}}; // as AWS says of every stream since 2019
    if (!stream.events.empty()) {
        object["firstEventTimestamp"] = stream.events.begin()->first.timestamp;
        object["lastEventTimestamp"] = stream.events.rbegin()->first.timestamp;
        object["lastIngestionTime"] = stream.last_ingested;
    }
    return object;
}

// By which streams are in order, as text.
std::string order_key(const std::string& name, const LogStream& stream, bool by_time) {
    const std::int64_t last = stream.events.empty() ? 0 : stream.events.rbegin()->first.timestamp;
    return by_time ? fmt::format("{:020}:{}", last, name) : name;
}

} // namespace

Answer Service::create_log_stream(const ApiCall& call) {
    const auto group = group_of(call);
    if (!group) return fail(group.error());
    const std::string name(json::string_at(call.body, "logStreamName"));
    if (name.empty() || name.size() > name_max || name.find_first_of(":*") != std::string::npos)
        return invalid_parameter(
            fmt::format("1 validation error detected: Value '{}' at 'logStreamName' failed to "
                        "satisfy constraint: Member must satisfy regular expression pattern: "
                        "[^:*]*",
                        name));
    if ((*group)->streams.contains(name))
        return refuse("ResourceAlreadyExistsException", "The specified log stream already exists");
    if (!store_.has_room_for_stream())
        return refuse("LimitExceededException", "This lab keeps no more log streams.");
    store_.add_stream(**group, name, call.now);
    return answer({});
}

Answer Service::delete_log_stream(const ApiCall& call) {
    const auto group = group_of(call);
    if (!group) return fail(group.error());
    const auto stream = stream_of(**group, call);
    if (!stream) return fail(stream.error());
    store_.drop_stream(**group, std::string(json::string_at(call.body, "logStreamName")));
    return answer({});
}

Answer Service::describe_log_streams(const ApiCall& call) {
    const auto group = group_of(call);
    if (!group) return fail(group.error());
    const auto limit = limit_of(call, 50);
    if (!limit) return fail(limit.error());
    const auto prefix = json::string_at(call.body, "logStreamNamePrefix");
    const auto order_by = json::string_at(call.body, "orderBy", "LogStreamName");
    if (order_by != "LogStreamName" && order_by != "LastEventTime")
        return invalid_parameter("orderBy must be LogStreamName or LastEventTime.");
    const bool by_time = order_by == "LastEventTime";
    if (by_time && !prefix.empty())
        return invalid_parameter("Cannot order by LastEventTime with a logStreamNamePrefix.");
    const Order order =
        json::bool_at(call.body, "descending") ? Order::descending : Order::ascending;
    std::map<std::string, std::string> names; // by what orders them
    std::vector<std::string> keys;
    for (const auto& [name, stream] : (*group)->streams) {
        if (name.starts_with(prefix)) names[order_key(name, stream, by_time)] = name;
    }
    for (const auto& [key, name] : names)
        keys.push_back(key);
    if (order == Order::descending) std::reverse(keys.begin(), keys.end());
    const auto page = page_of(keys, json::string_at(call.body, "nextToken"), *limit, order);
    if (!page) return invalid_parameter("The specified nextToken is invalid.");
    json::Array streams;
    for (const auto& key : page->keys) {
        const std::string& name = names.at(key);
        streams.push_back(
            describe_stream(name,
                            (*group)->streams.find(name)->second,
                            fmt::format("{}:log-stream:{}", arn_of(group_name_in(call)), name)));
    }
    json::Object members{{"logStreams", std::move(streams)}};
    if (!page->next_token.empty()) members["nextToken"] = page->next_token;
    return answer(std::move(members));
}

} // namespace squall::lab::logs
