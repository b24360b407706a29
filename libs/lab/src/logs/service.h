// CloudWatch Logs of one region: groups, streams, events, and the filter patterns by which they are
// found.
#pragma once

#include "api/call.h"
#include "api/delivery.h"
#include "logs/store.h"

namespace squall::lab::logs {

class Service {
public:
    Service(std::string account, std::string region)
        : account_(std::move(account)), region_(std::move(region)) {}

    [[nodiscard]] std::optional<Answer> call(const ApiCall& call);
    // Writes it into a stream of its own kind; false where there is no such log group.
    bool deliver(const std::string& group_arn, const Delivery& delivery);
    void tick(WallTime now);

private:
    template <class T>
    using Found = Result<T, wire::ServiceError>;

    // groups.cc
    Answer create_log_group(const ApiCall& call);
    Answer delete_log_group(const ApiCall& call);
    Answer describe_log_groups(const ApiCall& call);
    Answer put_retention_policy(const ApiCall& call);
    Answer delete_retention_policy(const ApiCall& call);
    Answer tag_resource(const ApiCall& call);
    Answer untag_resource(const ApiCall& call);
    Answer list_tags(const ApiCall& call);
    [[nodiscard]] Found<LogGroup*> tagged_group(const ApiCall& call);
    [[nodiscard]] json::Object describe(const std::string& name, const LogGroup& group) const;
    // streams.cc
    Answer create_log_stream(const ApiCall& call);
    Answer delete_log_stream(const ApiCall& call);
    Answer describe_log_streams(const ApiCall& call);
    // log_events.cc
    Answer put_log_events(const ApiCall& call);
    Answer get_log_events(const ApiCall& call);
    Answer filter_log_events(const ApiCall& call);

    // By logGroupName, or logGroupIdentifier, which may be an ARN.
    [[nodiscard]] Found<LogGroup*> group_of(const ApiCall& call);
    [[nodiscard]] Found<LogStream*> stream_of(LogGroup& group, const ApiCall& call);
    [[nodiscard]] std::string arn_of(const std::string& group) const;
    [[nodiscard]] std::string name_in(std::string_view arn) const;

    std::string account_;
    std::string region_;
    Store store_;
    WallTime next_expiry_;
};

// What the operations share.
[[nodiscard]] tl::unexpected<wire::ServiceError> invalid_parameter(std::string message);
[[nodiscard]] std::string group_name_in(const ApiCall& call);
// From 1 to `most`, which it is where none is given.
[[nodiscard]] Result<std::size_t, wire::ServiceError> limit_of(const ApiCall& call,
                                                               std::int64_t most);

} // namespace squall::lab::logs
