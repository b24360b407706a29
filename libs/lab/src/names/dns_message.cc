#include "names/dns_message.h"

#include "squall/base/text.h"

namespace squall::lab::names {
namespace {

constexpr std::size_t head_size = 12;
constexpr std::size_t name_max = 255; // on the wire, with the length of each label
constexpr std::size_t label_max = 63;
constexpr std::uint16_t is_reply = 0x8000;
constexpr std::uint16_t opcode_mask = 0x7800;
constexpr std::uint16_t recursion_desired = 0x0100;
constexpr std::uint16_t recursion_available = 0x0080;
constexpr std::uint32_t ttl_seconds = 60; // as of AWS's own endpoints
constexpr std::uint16_t pointer_to_question = 0xc000 | head_size;

std::uint16_t number_at(std::string_view message, std::size_t at) {
    return static_cast<std::uint16_t>(static_cast<std::uint8_t>(message[at]) << 8U
                                      | static_cast<std::uint8_t>(message[at + 1]));
}

void put(std::string& out, std::uint16_t number) {
    out.push_back(static_cast<char>(number >> 8U));
    out.push_back(static_cast<char>(number & 0xffU));
}

void put_head(std::string& out, const Question& question, Rcode code, std::size_t answers) {
    put(out, question.id);
    put(out,
        static_cast<std::uint16_t>(is_reply | recursion_available
                                   | (question.wants_recursion ? recursion_desired : 0)
                                   | static_cast<std::uint16_t>(code)));
    put(out, question.name.empty() ? 0 : 1);
    put(out, static_cast<std::uint16_t>(answers));
    put(out, 0);
    put(out, 0);
}

// Reads labels up to the root's, and leaves `at` behind it.
Result<std::string> name_at(std::string_view message, std::size_t& at) {
    std::string name;
    while (at < message.size()) {
        const std::size_t size = static_cast<std::uint8_t>(message[at++]);
        if (size == 0) return name;
        if (size > label_max)
            return fail(Errc::invalid_input, "a name in a question is not compressed");
        const std::size_t dot = name.empty() ? 0 : 1;
        if (at + size > message.size() || name.size() + dot + size + 2 > name_max) break;
        const std::string_view label = message.substr(at, size);
        if (label.find('.') != std::string_view::npos)
            return fail(Errc::invalid_input, "a label with a dot in it is none of ours");
        name.append(dot, '.');
        name += label;
        at += size;
    }
    return fail(Errc::invalid_input, "the name has no end");
}

} // namespace

Result<Question> parse_question(std::string_view message) {
    if (message.size() < head_size) return fail(Errc::invalid_input, "no whole head");
    const std::uint16_t flags = number_at(message, 2);
    if ((flags & is_reply) != 0) return fail(Errc::invalid_input, "it is an answer");
    if ((flags & opcode_mask) != 0) return fail(Errc::invalid_input, "it is no plain question");
    if (number_at(message, 4) != 1)
        return fail(Errc::invalid_input, "it is not about exactly one name");
    Question question;
    question.id = number_at(message, 0);
    question.wants_recursion = (flags & recursion_desired) != 0;
    std::size_t at = head_size;
    auto name = name_at(message, at);
    if (!name) return fail(name.error());
    if (name->empty()) return fail(Errc::invalid_input, "nobody is told of the root");
    if (at + 4 > message.size()) return fail(Errc::invalid_input, "type and class are missing");
    question.name = std::move(*name);
    question.type = number_at(message, at);
    question.klass = number_at(message, at + 2);
    return question;
}

std::string reply_text(const Question& question, const Reply& reply) {
    std::string out;
    put_head(out, question, reply.code, reply.addresses.size());
    if (question.name.empty()) return out;
    for (const auto& label : split(question.name, '.')) {
        out.push_back(static_cast<char>(label.size()));
        out += label;
    }
    out.push_back('\0');
    put(out, question.type);
    put(out, question.klass);
    for (const auto& address : reply.addresses) {
        put(out, pointer_to_question);
        put(out, type_a);
        put(out, class_in);
        put(out, static_cast<std::uint16_t>(ttl_seconds >> 16U));
        put(out, static_cast<std::uint16_t>(ttl_seconds));
        put(out, static_cast<std::uint16_t>(address.size()));
        out.append(reinterpret_cast<const char*>(address.data()), address.size());
    }
    return out;
}

std::string reply_to(std::string_view message,
                     const std::function<Reply(const Question&)>& answer) {
    // An answer to an answer would be answered in turn.
    if (message.size() < head_size || (number_at(message, 2) & is_reply) != 0) return {};
    if (const auto question = parse_question(message))
        return reply_text(*question, answer(*question));
    Question unread;
    unread.id = number_at(message, 0);
    const bool is_other_kind = (number_at(message, 2) & opcode_mask) != 0;
    return reply_text(unread, {is_other_kind ? Rcode::not_implemented : Rcode::format_error, {}});
}

} // namespace squall::lab::names
