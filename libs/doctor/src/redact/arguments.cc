// Passwords that a program takes as a part of an option: `mysql -pPASSWORD`; and keys that it takes
// behind their name: `aws configure set aws_secret_access_key KEY`.
#include "redact/spans.h"
#include "redact/values.h"

#include <algorithm>
#include <array>

namespace squall::doctor {
namespace {

constexpr std::size_t order_max = 256; // how far behind the program its options are looked for

void find_after(std::string_view text, std::size_t program, Spans& spans) {
    constexpr std::string_view option = "-p";
    const std::size_t end = std::min(end_of_line(text, program), program + order_max);
    for (auto at = text.find(option, program); at < end; at = text.find(option, at + 1)) {
        const std::size_t value = at + option.size();
        const bool is_option = is_space(text[at - 1]) || is_quote(text[at - 1]);
        if (!is_option || value >= text.size() || is_space(text[value])) continue;
        const std::size_t value_end = end_of_word(text, value);
        if (value_end > value && !is_marked(text, value)) spans.push_back({value, value_end});
    }
}

void find_settings_of_aws(std::string_view text, Spans& spans) {
    constexpr std::string_view order = "configure set ";
    constexpr std::array<std::string_view, 3> secrets{
        "secret_access_key", "session_token", "access_key_id"};
    for (auto at = text.find(order); at != std::string_view::npos;
         at = text.find(order, at + order.size())) {
        const std::size_t name = at + order.size();
        const std::size_t name_end = end_of_word(text, name);
        const std::string_view called = text.substr(name, name_end - name);
        const bool is_secret =
            std::any_of(secrets.begin(), secrets.end(), [&](std::string_view secret) {
                return called.ends_with(secret);
            });
        if (!is_secret || name_end >= text.size() || !is_blank(text[name_end])) continue;
        std::size_t value = text.find_first_not_of(" \t", name_end);
        if (value == std::string_view::npos || is_line_end(text[value])) continue;
        if (is_quote(text[value])) ++value;
        const std::size_t value_end = end_of_word(text, value);
        if (value_end > value && !is_marked(text, value)) spans.push_back({value, value_end});
    }
}

} // namespace

void find_arguments(std::string_view text, Spans& spans) {
    find_settings_of_aws(text, spans);
    constexpr std::array<std::string_view, 4> programs{"mysql", "mariadb", "sshpass", "login"};
    for (const std::string_view program : programs) {
        for (auto at = text.find(program); at != std::string_view::npos;
             at = text.find(program, at + program.size()))
            find_after(text, at + program.size(), spans);
    }
}

} // namespace squall::doctor
