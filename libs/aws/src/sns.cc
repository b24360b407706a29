#include "squall/aws/sns.h"

#include <array>

namespace squall::aws {
namespace {

constexpr std::size_t subject_max = 99;

struct Spelling {
    std::string_view mark;
    std::string_view ascii;
};

// Marks that our own texts and people's names have.
constexpr std::array<Spelling, 11> spellings = {{{"…", "..."},
                                                 {"–", "-"},
                                                 {"—", "-"},
                                                 {"‘", "'"},
                                                 {"’", "'"},
                                                 {"“", "\""},
                                                 {"”", "\""},
                                                 {"×", "x"},
                                                 {"→", "->"},
                                                 {"·", "-"},
                                                 {"\xc2\xa0", " "}}};

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U; }

// Takes the first character off `text`, and gives it in ASCII.
std::string_view take_character(std::string_view& text) {
    for (const auto& spelling : spellings) {
        if (!text.starts_with(spelling.mark)) continue;
        text.remove_prefix(spelling.mark.size());
        return spelling.ascii;
    }
    const std::string_view first = text.substr(0, 1);
    const auto code = static_cast<unsigned char>(first.front());
    text.remove_prefix(1);
    if (code < 0x20 || code == 0x7f) return " ";
    if (code < 0x80) return first;
    while (!text.empty() && continues_character(text.front()))
        text.remove_prefix(1);
    return "?";
}

void add_given(wire::QueryParameters& parameters, const char* name, const std::string& value) {
    if (!value.empty()) parameters.add(name, value);
}

} // namespace

std::string sns_subject(std::string_view text) {
    std::string subject;
    while (!text.empty()) {
        for (const char c : take_character(text)) {
            const bool is_idle = subject.empty() || subject.back() == ' ';
            if (c != ' ' || !is_idle) subject.push_back(c);
        }
    }
    if (!subject.empty() && subject.back() == ' ') subject.pop_back();
    if (subject.size() <= subject_max) return subject;
    constexpr std::string_view cut = "...";
    subject.resize(subject_max - cut.size());
    return subject.append(cut);
}

Outcome<std::string>
Sns::publish(const Notification& notification, Deadline deadline, const std::stop_token& stop) {
    wire::QueryParameters parameters;
    parameters.add("TopicArn", notification.topic_arn);
    add_given(parameters, "Subject", sns_subject(notification.subject));
    parameters.add("Message", notification.message);
    int number = 0;
    for (const auto& [name, value] : notification.attributes) {
        const std::string entry = fmt::format("MessageAttributes.entry.{}.", ++number);
        parameters.add(entry + "Name", name);
        parameters.add(entry + "Value.DataType", "String");
        parameters.add(entry + "Value.StringValue", value);
    }
    add_given(parameters, "MessageGroupId", notification.message_group_id);
    add_given(parameters, "MessageDeduplicationId", notification.message_deduplication_id);
    const auto answer =
        client_.call_query(ServiceId::sns, "Publish", std::move(parameters), deadline, stop);
    if (!answer) return fail(answer.error());
    auto id = answer->text_at("PublishResult/MessageId");
    if (id.empty())
        return fail(not_answered(
            "sns:Publish",
            {Errc::failed, "the answer holds no message id: the message may be out all the same"}));
    return id;
}

Outcome<bool>
Sns::has_topic(const std::string& topic_arn, Deadline deadline, const std::stop_token& stop) {
    wire::QueryParameters parameters;
    parameters.add("TopicArn", topic_arn);
    const auto answer = client_.call_query(
        ServiceId::sns, "GetTopicAttributes", std::move(parameters), deadline, stop);
    if (answer) return true;
    if (answer.error().code == "NotFound" || answer.error().code == "NotFoundException")
        return false;
    return fail(answer.error());
}

} // namespace squall::aws
