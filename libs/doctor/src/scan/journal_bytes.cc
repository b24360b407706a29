#include "scan/journal_bytes.h"

#include "logs/record.h"
#include "squall/base/json.h"

#include <algorithm>
#include <optional>

namespace squall::doctor {
namespace {

constexpr std::string_view key = "\"MESSAGE\"";

std::size_t after_blanks(std::string_view text, std::size_t at) {
    while (at < text.size() && (text[at] == ' ' || text[at] == '\t'))
        ++at;
    return at;
}

// Where the next list begins that is a message, from its bracket on; the text's end: there is none.
std::size_t next_list(std::string_view text, std::size_t from) {
    while (from < text.size()) {
        const auto found = text.find(key, from);
        if (found == std::string_view::npos) break;
        from = found + key.size();
        const std::size_t colon = after_blanks(text, from);
        if (colon >= text.size() || text[colon] != ':') continue;
        const std::size_t list = after_blanks(text, colon + 1);
        if (list < text.size() && text[list] == '[') return list;
    }
    return text.size();
}

// What the list holds; `at` moves from its bracket to behind it.
std::optional<std::string> take_bytes(std::string_view text, std::size_t& at) {
    constexpr unsigned byte_max = 255;
    std::string bytes;
    std::size_t i = after_blanks(text, at + 1);
    if (i < text.size() && text[i] == ']') {
        at = i + 1;
        return bytes;
    }
    for (;;) {
        unsigned number = 0;
        const std::size_t begin = i;
        for (; i < text.size() && text[i] >= '0' && text[i] <= '9' && i - begin < 3; ++i)
            number = number * 10 + static_cast<unsigned>(text[i] - '0');
        if (i == begin || number > byte_max) return std::nullopt;
        bytes.push_back(static_cast<char>(static_cast<unsigned char>(number)));
        i = after_blanks(text, i);
        if (i >= text.size() || (text[i] != ',' && text[i] != ']')) return std::nullopt;
        if (text[i++] == ']') {
            at = i;
            return bytes;
        }
        i = after_blanks(text, i);
    }
}

} // namespace

bool has_message_of_bytes(std::string_view text) {
    // Every log is looked through for it, and what journald writes has the key in every entry.
    constexpr std::size_t sample = 4U << 10U;
    const bool is_journalds = text.substr(0, sample).find(key) != std::string_view::npos
                              || text.substr(text.size() - std::min(text.size(), sample)).find(key)
                                     != std::string_view::npos;
    return is_journalds && next_list(text, 0) < text.size();
}

std::string with_messages_as_text(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    std::size_t done = 0;
    for (std::size_t at = next_list(text, 0); at < text.size(); at = next_list(text, at)) {
        const std::size_t begin = at;
        const auto bytes = take_bytes(text, at);
        if (!bytes) {
            ++at;
            continue;
        }
        out.append(text, done, begin - done);
        out += json::text(json::Value(shown(*bytes)));
        done = at;
    }
    return out.append(text, done);
}

} // namespace squall::doctor
