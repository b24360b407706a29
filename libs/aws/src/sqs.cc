#include "squall/aws/sqs.h"

#include "entry_batches.h"
#include "squall/base/text.h"

#include <functional>

namespace squall::aws {
namespace {

// Of messages and of a call alike.
constexpr EntryLimits limits{10, std::size_t{1} << 20U};

std::optional<WallTime> millis_at(const json::Value& attributes, std::string_view key) {
    const auto millis = to_integer(json::string_at(attributes, key));
    constexpr std::int64_t millis_max = 9'200'000'000'000; // the year 2261
    if (!millis || *millis < 0 || *millis > millis_max) return std::nullopt;
    return WallTime(Millis(*millis));
}

SqsMessage decode_message(const json::Value& value) {
    const json::Value& attributes = json::at(value, "Attributes");
    SqsMessage message;
    message.message_id = json::string_at(value, "MessageId");
    message.receipt_handle = json::string_at(value, "ReceiptHandle");
    message.body = json::string_at(value, "Body");
    message.approximate_receive_count =
        to_integer(json::string_at(attributes, "ApproximateReceiveCount")).value_or(0);
    message.sent_at = millis_at(attributes, "SentTimestamp");
    message.message_group_id = json::string_at(attributes, "MessageGroupId");
    return message;
}

json::Object encode(const SqsEntry& entry) {
    json::Object object{{"MessageBody", entry.body}};
    if (entry.delay) object["DelaySeconds"] = entry.delay->count();
    if (!entry.message_group_id.empty()) object["MessageGroupId"] = entry.message_group_id;
    if (!entry.message_deduplication_id.empty())
        object["MessageDeduplicationId"] = entry.message_deduplication_id;
    return object;
}

} // namespace

// The same thing done to many messages.
struct Sqs::Batch {
    std::string_view operation;
    const std::string& queue_url;
    std::vector<EntryRange> ranges;
    std::function<json::Object(std::size_t index)> entry; // without its Id
};

Outcome<std::vector<EntryFailure>>
Sqs::in_batches(const Batch& batch, Deadline deadline, const std::stop_token& stop) {
    std::vector<EntryFailure> failures;
    for (const auto& range : batch.ranges) {
        json::Array entries;
        for (std::size_t i = range.begin; i < range.end; ++i) {
            json::Object entry = batch.entry(i);
            entry["Id"] = std::to_string(i);
            entries.emplace_back(std::move(entry));
        }
        const auto answer =
            client_.call_json(ServiceId::sqs,
                              batch.operation,
                              {{"QueueUrl", batch.queue_url}, {"Entries", std::move(entries)}},
                              deadline,
                              stop);
        if (!answer) return fail(answer.error());
        take_batch_answer(*answer, range, failures);
    }
    return failures;
}

Outcome<std::string>
Sqs::get_queue_url(const std::string& queue_name, Deadline deadline, const std::stop_token& stop) {
    const auto answer = client_.call_json(
        ServiceId::sqs, "GetQueueUrl", {{"QueueName", queue_name}}, deadline, stop);
    if (!answer) return fail(answer.error());
    const auto url = json::string_at(*answer, "QueueUrl");
    if (url.empty())
        return fail(
            not_answered("sqs:GetQueueUrl", {Errc::failed, "the answer holds no queue URL"}));
    return std::string(url);
}

Outcome<std::vector<SqsMessage>> Sqs::receive_messages(const std::string& queue_url,
                                                       const ReceiveOptions& options,
                                                       Deadline deadline,
                                                       const std::stop_token& stop) {
    json::Object input{{"QueueUrl", queue_url},
                       {"MaxNumberOfMessages", options.max_number_of_messages},
                       {"WaitTimeSeconds", options.wait_time.count()},
                       {"MessageSystemAttributeNames",
                        json::Array{"ApproximateReceiveCount", "SentTimestamp", "MessageGroupId"}}};
    if (options.visibility_timeout)
        input["VisibilityTimeout"] = options.visibility_timeout->count();
    const auto answer = client_.call_json(
        ServiceId::sqs, "ReceiveMessage", input, deadline, stop, {options.wait_time});
    if (!answer) return fail(answer.error());
    std::vector<SqsMessage> messages;
    for (const auto& value : json::array_at(*answer, "Messages"))
        messages.push_back(decode_message(value));
    return messages;
}

Outcome<std::vector<EntryFailure>>
Sqs::delete_messages(const std::string& queue_url,
                     std::span<const std::string> receipt_handles,
                     Deadline deadline,
                     const std::stop_token& stop) {
    return in_batches({"DeleteMessageBatch",
                       queue_url,
                       entry_ranges(receipt_handles.size(), limits.count_max),
                       [&](std::size_t i) {
                           return json::Object{{"ReceiptHandle", receipt_handles[i]}};
                       }},
                      deadline,
                      stop);
}

Outcome<std::vector<EntryFailure>> Sqs::change_visibility(const std::string& queue_url,
                                                          std::span<const VisibilityChange> changes,
                                                          Deadline deadline,
                                                          const std::stop_token& stop) {
    return in_batches({"ChangeMessageVisibilityBatch",
                       queue_url,
                       entry_ranges(changes.size(), limits.count_max),
                       [&](std::size_t i) {
                           return json::Object{
                               {"ReceiptHandle", changes[i].receipt_handle},
                               {"VisibilityTimeout", changes[i].visibility_timeout.count()}};
                       }},
                      deadline,
                      stop);
}

Outcome<std::vector<EntryFailure>> Sqs::send_messages(const std::string& queue_url,
                                                      std::span<const SqsEntry> entries,
                                                      Deadline deadline,
                                                      const std::stop_token& stop) {
    std::vector<std::size_t> sizes;
    sizes.reserve(entries.size());
    for (const auto& entry : entries)
        sizes.push_back(entry.body.size());
    return in_batches({"SendMessageBatch",
                       queue_url,
                       entry_ranges(sizes, limits),
                       [&](std::size_t i) {
                           return encode(entries[i]);
                       }},
                      deadline,
                      stop);
}

Outcome<std::map<std::string, std::string>> Sqs::queue_attributes(const std::string& queue_url,
                                                                  Deadline deadline,
                                                                  const std::stop_token& stop) {
    const auto answer =
        client_.call_json(ServiceId::sqs,
                          "GetQueueAttributes",
                          {{"QueueUrl", queue_url}, {"AttributeNames", json::Array{"All"}}},
                          deadline,
                          stop);
    if (!answer) return fail(answer.error());
    std::map<std::string, std::string> attributes;
    for (const auto& member : json::object_at(*answer, "Attributes"))
        attributes.insert_or_assign(std::string(member.key()),
                                    std::string(json::string_of(member.value())));
    return attributes;
}

} // namespace squall::aws
