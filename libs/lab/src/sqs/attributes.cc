#include "sqs/attributes.h"

#include "squall/base/text.h"

#include <algorithm>
#include <array>

namespace squall::lab::sqs {
namespace {

enum class Kind { number, boolean, word, document, text, read_only };

struct Known {
    std::string_view name;
    Kind kind;
    std::int64_t min = 0;
    std::int64_t max = 0;
    std::string_view words = {}; // of Kind::word, two of them
    bool is_of_fifo = false;
};

constexpr std::array known_attributes{
    Known{"DelaySeconds", Kind::number, 0, 900},
    Known{"MaximumMessageSize", Kind::number, 1024, 1'048'576},
    Known{"MessageRetentionPeriod", Kind::number, 60, 1'209'600},
    Known{"ReceiveMessageWaitTimeSeconds", Kind::number, 0, 20},
    Known{"VisibilityTimeout", Kind::number, 0, 43'200},
    Known{"KmsDataKeyReusePeriodSeconds", Kind::number, 60, 86'400},
    Known{"SqsManagedSseEnabled", Kind::boolean},
    Known{"FifoQueue", Kind::boolean, 0, 0, {}, true},
    Known{"ContentBasedDeduplication", Kind::boolean, 0, 0, {}, true},
    Known{"DeduplicationScope", Kind::word, 0, 0, "queue messageGroup", true},
    Known{"FifoThroughputLimit", Kind::word, 0, 0, "perQueue perMessageGroupId", true},
    Known{"Policy", Kind::document},
    Known{"RedrivePolicy", Kind::document},
    Known{"RedriveAllowPolicy", Kind::document},
    Known{"KmsMasterKeyId", Kind::text},
    Known{"QueueArn", Kind::read_only},
    Known{"CreatedTimestamp", Kind::read_only},
    Known{"LastModifiedTimestamp", Kind::read_only},
    Known{"ApproximateNumberOfMessages", Kind::read_only},
    Known{"ApproximateNumberOfMessagesNotVisible", Kind::read_only},
    Known{"ApproximateNumberOfMessagesDelayed", Kind::read_only},
};

const Known* find_known(std::string_view name) {
    const auto* const found = std::find_if(known_attributes.begin(),
                                           known_attributes.end(),
                                           [&](const Known& one) { return one.name == name; });
    return found == known_attributes.end() ? nullptr : found;
}

std::string text_at(const Attributes& attributes, std::string_view name) {
    const auto found = attributes.find(name);
    return found == attributes.end() ? std::string() : found->second;
}

std::int64_t number_at(const Attributes& attributes, std::string_view name) {
    return to_integer(text_at(attributes, name)).value_or(0);
}

// Policies write the count as a number or as a text.
std::optional<std::int64_t> count_at(const json::Object& policy) {
    const json::Value& value = json::at(policy, "maxReceiveCount");
    if (value.is_string()) return to_integer(json::string_of(value));
    if (!value.is_int64()) return std::nullopt;
    return value.get_int64();
}

bool is_redrive_policy(std::string_view text) {
    const auto policy = json::parse_object(text);
    if (!policy) return false;
    const auto count = count_at(*policy);
    return !json::string_at(*policy, "deadLetterTargetArn").empty() && count && *count >= 1
           && *count <= 1000;
}

bool is_allow_policy(std::string_view text) {
    const auto policy = json::parse_object(text);
    if (!policy) return false;
    const std::string_view permission = json::string_at(*policy, "redrivePermission");
    const bool has_queues = !json::array_at(*policy, "sourceQueueArns").empty();
    return permission == "byQueue"
               ? has_queues
               : (permission == "allowAll" || permission == "denyAll") && !has_queues;
}

bool is_document(std::string_view name, const std::string& text) {
    if (name == "Policy") return iam::parse_policy(text, iam::PolicyKind::resource).has_value();
    return name == "RedrivePolicy" ? is_redrive_policy(text) : is_allow_policy(text);
}

bool is_value(const Known& known, const std::string& value) {
    switch (known.kind) {
    case Kind::number: {
        const auto number = to_integer(value);
        return number && *number >= known.min && *number <= known.max;
    }
    case Kind::boolean:
        return value == "true" || value == "false";
    case Kind::word: {
        const auto [one, other] = split_once(known.words, ' ');
        return value == one || value == other;
    }
    case Kind::document: // an empty text removes it
        return value.empty() || is_document(known.name, value);
    case Kind::text:
        return true;
    case Kind::read_only:
        return false;
    }
    return false;
}

Refusal unknown(std::string_view name) {
    return refuse("InvalidAttributeName", fmt::format("Unknown Attribute {}.", name));
}

} // namespace

bool is_attribute(std::string_view name) { return find_known(name) != nullptr; }

const Attributes& default_attributes() {
    static const Attributes defaults{{"DelaySeconds", "0"},
                                     {"MaximumMessageSize", "1048576"},
                                     {"MessageRetentionPeriod", "345600"},
                                     {"ReceiveMessageWaitTimeSeconds", "0"},
                                     {"VisibilityTimeout", "30"},
                                     {"SqsManagedSseEnabled", "true"}};
    return defaults;
}

Result<Attributes, wire::ServiceError>
read_attributes(const json::Object& given, const Attributes& known, bool is_new) {
    const bool is_fifo =
        text_at(known, "FifoQueue") == "true" || json::string_at(given, "FifoQueue") == "true";
    Attributes read;
    for (const auto& [key, value] : given) {
        const std::string name(key);
        const Known* attribute = find_known(name);
        if (attribute == nullptr || attribute->kind == Kind::read_only || !value.is_string()
            || (is_new && name == "FifoQueue" && value == "false"))
            return unknown(name);
        std::string text(json::string_of(value));
        if (name == "FifoQueue" && !is_new && text != text_at(known, name))
            return refuse("InvalidAttributeValue",
                          "Invalid value for the parameter FifoQueue. Reason: Modifying queue type "
                          "is not supported.");
        if (attribute->is_of_fifo && !is_fifo) {
            if (attribute->kind == Kind::boolean) return unknown(name);
            return refuse(
                "InvalidAttributeName",
                fmt::format("You can specify the {} only when FifoQueue is set to true.", name));
        }
        if (!is_value(*attribute, text)) {
            // What the text of a policy lacks has the code of any parameter.
            if (name == "RedrivePolicy" || name == "RedriveAllowPolicy")
                return invalid_parameter(name, text, "Redrive policy is not a valid JSON map.");
            return refuse("InvalidAttributeValue",
                          fmt::format("Invalid value for the parameter {}.", name));
        }
        read[name] = std::move(text);
    }
    return read;
}

QueueSettings settings_of(const Attributes& attributes) {
    QueueSettings settings;
    settings.is_fifo = text_at(attributes, "FifoQueue") == "true";
    settings.has_content_based_deduplication =
        text_at(attributes, "ContentBasedDeduplication") == "true";
    settings.deduplicates_by_group = text_at(attributes, "DeduplicationScope") == "messageGroup";
    settings.delay = Seconds(number_at(attributes, "DelaySeconds"));
    settings.visibility_timeout = Seconds(number_at(attributes, "VisibilityTimeout"));
    settings.retention = Seconds(number_at(attributes, "MessageRetentionPeriod"));
    settings.wait = Seconds(number_at(attributes, "ReceiveMessageWaitTimeSeconds"));
    settings.message_max = static_cast<std::size_t>(number_at(attributes, "MaximumMessageSize"));
    return settings;
}

std::optional<RedrivePolicy> redrive_policy_of(const Attributes& attributes) {
    const auto policy = json::parse_object(text_at(attributes, "RedrivePolicy"));
    if (!policy) return std::nullopt;
    return RedrivePolicy{std::string(json::string_at(*policy, "deadLetterTargetArn")),
                         static_cast<int>(count_at(*policy).value_or(0))};
}

bool allows_redrive(const Attributes& attributes, std::string_view source_arn) {
    const auto policy = json::parse_object(text_at(attributes, "RedriveAllowPolicy"));
    if (!policy) return true;
    const std::string_view permission = json::string_at(*policy, "redrivePermission");
    if (permission != "byQueue") return permission != "denyAll";
    const json::Array& sources = json::array_at(*policy, "sourceQueueArns");
    return std::any_of(sources.begin(), sources.end(), [&](const json::Value& one) {
        return json::string_of(one) == source_arn;
    });
}

std::optional<iam::Policy> policy_of(const Attributes& attributes) {
    auto policy = iam::parse_policy(text_at(attributes, "Policy"), iam::PolicyKind::resource);
    return policy ? std::optional(std::move(*policy)) : std::nullopt;
}

} // namespace squall::lab::sqs
