#include "process_command.h"

#include "answer_time.h"
#include "squall/base/json.h"
#include "squall/base/text.h"

namespace squall::aws {
namespace {

constexpr std::string_view blanks = " \t\r\n";

// One word, from `text` into `word`; what has been read leaves `text`.
Result<void> read_word(std::string_view& text, std::string& word) {
    char quote = '\0';
    while (!text.empty()) {
        const char c = text.front();
        const bool is_blank = quote == '\0' && blanks.find(c) != std::string_view::npos;
        if (is_blank) return {};
        text.remove_prefix(1);
        if (c == quote) {
            quote = '\0';
        } else if (quote == '\0' && (c == '"' || c == '\'')) {
            quote = c;
        } else if (c != '\\' || quote == '\'') {
            word.push_back(c);
        } else if (text.empty()) {
            return fail(Errc::invalid_input, "it ends with a backslash");
        } else {
            const bool is_escape = quote == '\0' || text.front() == '"' || text.front() == '\\';
            if (!is_escape) word.push_back('\\');
            word.push_back(text.front());
            text.remove_prefix(1);
        }
    }
    if (quote != '\0') return fail(Errc::invalid_input, "a {} is never closed", quote);
    return {};
}

} // namespace

Result<std::vector<std::string>> split_command(std::string_view command) {
    // An argument list cannot hold one; what follows it would silently be lost.
    if (command.find('\0') != std::string_view::npos)
        return fail(Errc::invalid_input, "it holds a zero byte");
    std::vector<std::string> words;
    while (true) {
        command.remove_prefix(std::min(command.find_first_not_of(blanks), command.size()));
        if (command.empty()) break;
        std::string word;
        if (auto read = read_word(command, word); !read) return fail(read.error());
        words.push_back(std::move(word));
    }
    if (words.empty() || words.front().empty())
        return fail(Errc::invalid_input, "it names no program");
    return words;
}

Result<Credentials> read_process_answer(std::string_view output, std::string source) {
    if (trimmed(output).empty()) return fail(Errc::failed, "it printed nothing");
    const auto answer = json::parse_object(output);
    if (!answer) return fail("its output is no JSON object", answer.error());
    if (json::integer_at(*answer, "Version", -1) != 1) {
        return fail(Errc::failed,
                    "its output has no \"Version\": 1, the only version that there is");
    }
    Credentials found{{std::string(json::string_at(*answer, "AccessKeyId")),
                       std::string(json::string_at(*answer, "SecretAccessKey")),
                       std::string(json::string_at(*answer, "SessionToken"))},
                      std::nullopt,
                      std::move(source)};
    if (found.keys.access_key_id.empty() || found.keys.secret_access_key.empty())
        return fail(Errc::failed, "its output lacks AccessKeyId or SecretAccessKey");
    if (const std::string_view text = json::string_at(*answer, "Expiration"); !text.empty()) {
        const auto expires = parse_answer_time(text);
        if (!expires) return fail("the Expiration in its output", expires.error());
        found.expires = *expires;
    }
    return found;
}

} // namespace squall::aws
