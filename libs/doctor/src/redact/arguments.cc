// Passwords that a program takes as a part of an option: `mysql -pPASSWORD`.
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

} // namespace

void find_arguments(std::string_view text, Spans& spans) {
    constexpr std::array<std::string_view, 4> programs{"mysql", "mariadb", "sshpass", "login"};
    for (const std::string_view program : programs) {
        for (auto at = text.find(program); at != std::string_view::npos;
             at = text.find(program, at + program.size()))
            find_after(text, at + program.size(), spans);
    }
}

} // namespace squall::doctor
