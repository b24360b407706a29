// What comes into a queue: from callers, one or ten at a time, and from other services.
#include "api/query_codes.h"
#include "sqs/message_attributes.h"
#include "sqs/service.h"
#include "squall/base/text.h"

#include <algorithm>
#include <cctype>
#include <set>

namespace squall::lab::sqs {
namespace {

constexpr std::size_t batch_max = 10;
constexpr std::size_t batch_id_max = 80;
constexpr std::size_t batch_bytes_max = 1U << 20U;
constexpr std::int64_t delay_max = 900;
constexpr std::size_t word_max = 128;

bool is_batch_id(std::string_view id) {
    return !id.empty() && id.size() <= batch_id_max
           && std::all_of(id.begin(), id.end(), [](char c) {
                  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
              });
}

// Of groups and deduplication: letters, digits and punctuation.
bool is_word(std::string_view word) {
    return !word.empty() && word.size() <= word_max
           && std::all_of(word.begin(), word.end(), [](char c) { return c > ' ' && c <= '~'; });
}

// What XML can hold: AWS takes nothing else.
bool is_content(std::string_view text) {
    const bool has_control = std::any_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < ' ' && c != '\t' && c != '\n' && c != '\r';
    });
    return !has_control && is_valid_utf8(text)
           && text.find("\xef\xbf\xbe") == std::string_view::npos
           && text.find("\xef\xbf\xbf") == std::string_view::npos;
}

std::optional<wire::ServiceError> word_problem(const json::Object& entry, const char* name) {
    const std::string_view word = json::string_at(entry, name);
    if (!entry.contains(name) || is_word(word)) return std::nullopt;
    return invalid_parameter(
               name,
               word,
               fmt::format("{} can only include alphanumeric and punctuation characters. 1 to 128 "
                           "in length.",
                           name))
        .value();
}

std::optional<wire::ServiceError> fifo_problem(const QueueSettings& settings,
                                               const Letter& letter) {
    if (!settings.is_fifo) return std::nullopt;
    if (letter.group_id.empty()) return missing_parameter("MessageGroupId").value();
    if (letter.deduplication_id.empty() && !settings.has_content_based_deduplication)
        return invalid_parameter(
                   "The queue should either have ContentBasedDeduplication enabled or "
                   "MessageDeduplicationId provided explicitly")
            .value();
    if (letter.delay && letter.delay->count() != 0)
        return invalid_parameter(
                   "DelaySeconds",
                   std::to_string(letter.delay->count()),
                   "The request include parameter that is not valid for this queue type.")
            .value();
    return std::nullopt;
}

Result<Letter, wire::ServiceError> read_letter(const QueueSettings& settings,
                                               const json::Object& entry) {
    Letter letter;
    letter.body = json::string_at(entry, "MessageBody");
    if (letter.body.empty()) return missing_parameter("MessageBody");
    if (!is_content(letter.body))
        return refuse("InvalidMessageContents",
                      "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | "
                      "#x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF");
    auto attributes = read_message_attributes(json::object_at(entry, "MessageAttributes"));
    if (!attributes) return fail(std::move(attributes.error()));
    letter.attributes = std::move(*attributes);
    letter.attributes_md5 = md5_of_attributes(letter.attributes);
    letter.trace_header = json::string_at(
        json::at(json::object_at(entry, "MessageSystemAttributes"), "AWSTraceHeader"),
        "StringValue");
    for (const char* name : {"MessageGroupId", "MessageDeduplicationId"}) {
        if (auto problem = word_problem(entry, name)) return fail(std::move(*problem));
    }
    letter.group_id = json::string_at(entry, "MessageGroupId");
    letter.deduplication_id = json::string_at(entry, "MessageDeduplicationId");
    if (entry.contains("DelaySeconds")) {
        const auto delay = json::integer_at(entry, "DelaySeconds", -1);
        if (delay < 0 || delay > delay_max)
            return invalid_parameter("DelaySeconds",
                                     json::text(json::at(entry, "DelaySeconds")),
                                     "DelaySeconds must be >= 0 and <= 900.");
        letter.delay = Seconds(delay);
    }
    if (letter.size() > settings.message_max)
        return invalid_parameter(
            fmt::format("One or more parameters are invalid. Reason: Message must be shorter than "
                        "{} bytes.",
                        settings.message_max));
    if (auto problem = fifo_problem(settings, letter)) return fail(std::move(*problem));
    return letter;
}

std::size_t size_of(const json::Object& entry) {
    Letter letter;
    letter.body = json::string_at(entry, "MessageBody");
    letter.attributes = json::object_at(entry, "MessageAttributes");
    return letter.size();
}

// Who hands a delivery on, as policies name it.
std::string_view principal_of(std::string_view source_arn) {
    if (source_arn.starts_with("arn:aws:events:")) return "events.amazonaws.com";
    return source_arn.starts_with("arn:aws:sns:") ? "sns.amazonaws.com" : "";
}

} // namespace

Answer Service::answer_batch(const ApiCall& call, const EachEntry& each) {
    const json::Array& entries = json::array_at(call.body, "Entries");
    if (entries.empty())
        return refuse("EmptyBatchRequest",
                      fmt::format("There should be at least one {}RequestEntry in the request.",
                                  call.operation));
    if (entries.size() > batch_max)
        return refuse("TooManyEntriesInBatchRequest",
                      fmt::format("Maximum number of entries per request are {}. You have sent {}.",
                                  batch_max,
                                  entries.size()));
    std::set<std::string_view> ids;
    for (const auto& entry : entries) {
        const std::string_view id = json::string_at(entry, "Id");
        if (!is_batch_id(id))
            return refuse("InvalidBatchEntryId",
                          "A batch entry id can only contain alphanumeric characters, hyphens and "
                          "underscores. It can be at most 80 letters long.");
        if (!ids.insert(id).second)
            return refuse("BatchEntryIdsNotDistinct", fmt::format("Id {} repeated.", id));
    }
    json::Array successful;
    json::Array failed;
    for (const auto& entry : entries) {
        const std::string id(json::string_at(entry, "Id"));
        auto outcome = each(entry.as_object());
        if (outcome) {
            (*outcome)["Id"] = id;
            successful.emplace_back(std::move(*outcome));
            continue;
        }
        failed.push_back(json::Object{{"Id", id},
                                      {"SenderFault", true},
                                      {"Code", query_error("sqs", outcome.error()).code},
                                      {"Message", outcome.error().message}});
    }
    json::Object answered;
    if (!successful.empty()) answered["Successful"] = std::move(successful);
    if (!failed.empty()) answered["Failed"] = std::move(failed);
    return answer(std::move(answered));
}

Service::Outcome Service::send(Record& record, const json::Object& entry, const ApiCall& call) {
    auto letter = read_letter(record.queue.settings, entry);
    if (!letter) return fail(std::move(letter.error()));
    letter->sender_id = call.caller.user_id;
    const std::string attributes_md5 = letter->attributes_md5;
    const auto sent = record.queue.send(std::move(*letter), call.now);
    if (!sent) return refuse("OverLimit", "This lab keeps no more messages in a queue.", 403);
    json::Object answered{{"MessageId", sent->message_id}, {"MD5OfMessageBody", sent->body_md5}};
    if (!attributes_md5.empty()) answered["MD5OfMessageAttributes"] = attributes_md5;
    if (!sent->sequence_number.empty()) answered["SequenceNumber"] = sent->sequence_number;
    return answered;
}

Answer Service::send_message(const ApiCall& call) {
    const auto record = queue_of(call);
    if (!record) return fail(record.error());
    auto sent = send(**record, call.body, call);
    if (!sent) return fail(std::move(sent.error()));
    wake(**record);
    return answer(std::move(*sent));
}

Answer Service::send_message_batch(const ApiCall& call) {
    const auto record = queue_of(call);
    if (!record) return fail(record.error());
    std::size_t total = 0;
    for (const auto& entry : json::array_at(call.body, "Entries")) {
        if (const auto* object = entry.if_object()) total += size_of(*object);
    }
    if (total > batch_bytes_max)
        return refuse("BatchRequestTooLong",
                      fmt::format("Batch requests cannot be longer than {} bytes. You have sent {} "
                                  "bytes.",
                                  batch_bytes_max,
                                  total));
    auto answered =
        answer_batch(call, [&](const json::Object& entry) { return send(**record, entry, call); });
    wake(**record);
    return answered;
}

bool Service::deliver(const std::string& queue_arn, const Delivery& delivery) {
    Record* record = record_at(queue_arn);
    if (record == nullptr || !record->policy) return false;
    const iam::Context context{{"aws:sourcearn", delivery.source_arn},
                               {"aws:sourceaccount", account_}};
    if (iam::decide_for_service(*record->policy,
                                principal_of(delivery.source_arn),
                                {"sqs:SendMessage", queue_arn},
                                context)
        != iam::Decision::allow)
        return false;
    json::Object entry{{"MessageBody", delivery.body}};
    if (!delivery.attributes.empty()) entry["MessageAttributes"] = delivery.attributes;
    if (!delivery.group_id.empty()) entry["MessageGroupId"] = delivery.group_id;
    if (!delivery.deduplication_id.empty())
        entry["MessageDeduplicationId"] = delivery.deduplication_id;
    auto letter = read_letter(record->queue.settings, entry);
    if (!letter) return false;
    letter->sender_id = principal_of(delivery.source_arn);
    const bool is_sent = record->queue.send(std::move(*letter), delivery.now).has_value();
    wake(*record);
    return is_sent;
}

} // namespace squall::lab::sqs
