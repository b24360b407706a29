// What leaves a queue, and what becomes of it.
#include "sqs/message_attributes.h"
#include "sqs/service.h"
#include "squall/base/log.h"
#include "squall/base/time_text.h"

#include <algorithm>

namespace squall::lab::sqs {
namespace {

constexpr std::int64_t messages_max = 10;
constexpr std::int64_t wait_max = 20;
constexpr std::int64_t visibility_max = 43'200;

std::string millis_text(WallTime when) { return std::to_string(epoch_millis(when)); }

json::Object system_attributes(const Message& message, bool is_fifo) {
    json::Object all{{"SenderId", message.letter.sender_id},
                     {"SentTimestamp", millis_text(message.sent)},
                     {"ApproximateReceiveCount", std::to_string(message.receive_count)}};
    if (message.first_received)
        all["ApproximateFirstReceiveTimestamp"] = millis_text(*message.first_received);
    const auto add = [&](const char* name, const std::string& text) {
        if (!text.empty()) all[name] = text;
    };
    add("SequenceNumber", message.sequence_number);
    add("MessageGroupId", message.letter.group_id);
    if (is_fifo) add("MessageDeduplicationId", message.letter.deduplication_id);
    add("AWSTraceHeader", message.letter.trace_header);
    add("DeadLetterQueueSourceArn", message.dead_letter_source);
    return all;
}

json::Object chosen_of(const json::Object& all, const ApiCall& call) {
    json::Object chosen;
    for (const char* list : {"AttributeNames", "MessageSystemAttributeNames"}) {
        for (const auto& value : json::array_at(call.body, list)) {
            const std::string_view wanted = json::string_of(value);
            for (const auto& [name, text] : all) {
                if (wanted == "All" || wanted == name) chosen[name] = text;
            }
        }
    }
    return chosen;
}

std::optional<wire::ServiceError> range_problem(
    const ApiCall& call, const char* name, std::int64_t min, std::int64_t max, const char* must) {
    const json::Value& value = json::at(call.body, name);
    if (value.is_null()) return std::nullopt;
    const auto number = json::integer_at(call.body, name, min - 1);
    if (number >= min && number <= max) return std::nullopt;
    return invalid_parameter(name,
                             value.is_string() ? std::string(json::string_of(value))
                                               : json::text(value),
                             must)
        .value();
}

std::optional<wire::ServiceError> receive_problem(const ApiCall& call) {
    if (auto problem = range_problem(
            call, "MaxNumberOfMessages", 1, messages_max, "Must be between 1 and 10, if provided."))
        return problem;
    if (auto problem = range_problem(
            call, "WaitTimeSeconds", 0, wait_max, "Must be >= 0 and <= 20, if provided."))
        return problem;
    return range_problem(
        call, "VisibilityTimeout", 0, visibility_max, "Must be between 0 and 43200, if provided.");
}

Result<Receipt, wire::ServiceError> read_receipt(std::string_view handle,
                                                 std::string_view queue_arn) {
    if (handle.empty()) return missing_parameter("ReceiptHandle");
    const auto receipt = Receipt::read(handle, queue_arn);
    if (receipt) return *receipt;
    return refuse(
        "ReceiptHandleIsInvalid",
        fmt::format("The input receipt handle \"{}\" is not a valid receipt handle.", handle));
}

} // namespace

std::optional<Service::Wait> Service::wait_of(const ApiCall& call) const {
    if (call.operation != "ReceiveMessage") return std::nullopt;
    // A call that is refused waits for nothing: the answer is no empty list.
    const std::string_view url = json::string_at(call.body, "QueueUrl");
    const auto found = queues_.find(url.substr(url.rfind('/') + 1));
    if (found == queues_.end()) return std::nullopt;
    const Seconds time(
        json::integer_at(call.body, "WaitTimeSeconds", found->second.queue.settings.wait.count()));
    if (time <= Seconds(0)) return std::nullopt;
    return Wait{found->second.arn, time};
}

Answer Service::receive_message(const ApiCall& call) {
    const auto found = queue_of(call);
    if (!found) return fail(found.error());
    Record& record = **found;
    if (auto problem = receive_problem(call)) return fail(std::move(*problem));
    Queue& queue = record.queue;
    queue.settle(call.now);
    if (queue.is_over_limit() && !wait_of(call))
        return refuse("OverLimit",
                      "Too many messages are in flight: delete some of them before more are "
                      "received.",
                      403);
    const auto redrive = redrive_policy_of(record.attributes);
    Record* target = redrive ? record_at(redrive->target_arn) : nullptr;
    // Without a queue for dead letters they stay where they are.
    queue.settings.receive_count_max = target == nullptr ? 0 : redrive->receive_count_max;
    const auto received = queue.receive(
        static_cast<std::size_t>(json::integer_at(call.body, "MaxNumberOfMessages", 1)),
        Seconds(json::integer_at(
            call.body, "VisibilityTimeout", queue.settings.visibility_timeout.count())),
        call.now,
        [&](Message dead) {
            dead.dead_letter_source = record.arn;
            if (!target->queue.take_over(std::move(dead), call.now))
                log::warning(
                    "lab: {} is full: a dead letter of {} is lost", target->name, record.name);
        });
    if (target != nullptr) wake(*target);
    const json::Array& names = json::array_at(call.body, "MessageAttributeNames");
    json::Array messages;
    for (const Message* message : received) {
        json::Object one{
            {"MessageId", message->id},
            {"ReceiptHandle", Receipt{message->number, message->receipt}.text(record.arn)},
            {"MD5OfBody", message->body_md5},
            {"Body", message->letter.body}};
        if (auto chosen = chosen_of(system_attributes(*message, queue.settings.is_fifo), call);
            !chosen.empty())
            one["Attributes"] = std::move(chosen);
        if (auto chosen = chosen_attributes(message->letter.attributes, names); !chosen.empty()) {
            // Of those that are given, not of all.
            one["MD5OfMessageAttributes"] = md5_of_attributes(chosen);
            one["MessageAttributes"] = std::move(chosen);
        }
        messages.emplace_back(std::move(one));
    }
    if (messages.empty()) return answer({});
    return answer({{"Messages", std::move(messages)}});
}

Service::Outcome Service::remove(Record& record, const json::Object& entry, const ApiCall& call) {
    const std::string_view handle = json::string_at(entry, "ReceiptHandle");
    const auto receipt = read_receipt(handle, record.arn);
    if (!receipt) return fail(receipt.error());
    if (record.queue.remove(*receipt, call.now) == Queue::Change::expired)
        return invalid_parameter("ReceiptHandle", handle, "The receipt handle has expired.");
    return json::Object{};
}

Answer Service::delete_message(const ApiCall& call) {
    const auto record = queue_of(call);
    if (!record) return fail(record.error());
    auto removed = remove(**record, call.body, call);
    if (!removed) return fail(std::move(removed.error()));
    // In a FIFO queue the next of the group may be received now.
    wake(**record);
    return answer({});
}

Answer Service::delete_message_batch(const ApiCall& call) {
    const auto record = queue_of(call);
    if (!record) return fail(record.error());
    auto answered = answer_batch(
        call, [&](const json::Object& entry) { return remove(**record, entry, call); });
    wake(**record);
    return answered;
}

Service::Outcome
Service::change_visibility(Record& record, const json::Object& entry, const ApiCall& call) {
    const std::string_view handle = json::string_at(entry, "ReceiptHandle");
    const auto receipt = read_receipt(handle, record.arn);
    if (!receipt) return fail(receipt.error());
    if (!entry.contains("VisibilityTimeout")) return missing_parameter("VisibilityTimeout");
    const auto visibility = json::integer_at(entry, "VisibilityTimeout", -1);
    const std::string given = json::text(json::at(entry, "VisibilityTimeout"));
    if (visibility < 0 || visibility > visibility_max)
        return invalid_parameter(
            "VisibilityTimeout", given, "VisibilityTimeout must be between 0 and 43200.");
    switch (record.queue.change_visibility(*receipt, Seconds(visibility), call.now)) {
    case Queue::Change::done:
        return json::Object{};
    case Queue::Change::gone:
        return invalid_parameter(
            "ReceiptHandle",
            handle,
            "Message does not exist or is not available for visibility timeout change.");
    case Queue::Change::expired:
        return invalid_parameter("ReceiptHandle", handle, "The receipt handle has expired.");
    case Queue::Change::not_in_flight:
        return refuse("MessageNotInflight", "The specified message isn't in flight.");
    case Queue::Change::beyond_limit:
        return invalid_parameter("VisibilityTimeout",
                                 given,
                                 "Total VisibilityTimeout for the message is beyond the limit "
                                 "[43200 seconds]");
    }
    return json::Object{};
}

Answer Service::change_message_visibility(const ApiCall& call) {
    const auto record = queue_of(call);
    if (!record) return fail(record.error());
    auto changed = change_visibility(**record, call.body, call);
    if (!changed) return fail(std::move(changed.error()));
    wake(**record);
    return answer({});
}

Answer Service::change_message_visibility_batch(const ApiCall& call) {
    const auto record = queue_of(call);
    if (!record) return fail(record.error());
    auto answered = answer_batch(
        call, [&](const json::Object& entry) { return change_visibility(**record, entry, call); });
    wake(**record);
    return answered;
}

} // namespace squall::lab::sqs
