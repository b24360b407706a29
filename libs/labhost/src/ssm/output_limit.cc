#include "ssm/output_limit.h"

#include "squall/base/text.h"

#include <algorithm>

namespace squall::labhost {
namespace {

constexpr std::string_view suffix = "--output truncated--";
constexpr std::string_view output_suffix = "\n---Output truncated---";
constexpr std::string_view error_suffix = "\n---Error truncated----";
constexpr std::string_view error_mark = "\n----------ERROR-------\n";

std::string joined(std::string_view a, std::string_view b, std::string_view c, std::string_view d) {
    std::string whole;
    for (const auto part : {a, b, error_mark, c, d})
        whole += part;
    return whole;
}

// Bytes of the character that the text begins with; 0 when that is none.
std::size_t character_size(std::string_view text) {
    const auto first = static_cast<unsigned char>(text.front());
    const std::size_t size = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    return is_valid_utf8(text.substr(0, size)) ? size : 0;
}

} // namespace

std::string valid_text(std::string_view text) {
    std::string valid;
    valid.reserve(text.size());
    while (!text.empty()) {
        const std::size_t size = character_size(text);
        if (size == 0)
            valid += "\xEF\xBF\xBD";
        else
            valid += text.substr(0, size);
        text.remove_prefix(std::max<std::size_t>(1, size));
    }
    return valid;
}

std::string truncated(std::string_view text, std::size_t limit) {
    if (text.size() < limit) return std::string(text);
    return std::string(text.substr(0, limit - suffix.size())) + std::string(suffix);
}

std::string combined_output(std::string_view standard_output, std::string_view standard_error) {
    const std::size_t output_size = standard_output.size();
    const std::size_t error_size = standard_error.size();
    if (error_size == 0) {
        if (output_size < combined_output_max) return std::string(standard_output);
        return std::string(standard_output.substr(0, combined_output_max - output_suffix.size()))
               + std::string(output_suffix);
    }
    const std::size_t room = combined_output_max - error_mark.size();
    if (output_size + error_size < room) return joined(standard_output, "", standard_error, "");
    // Both are long: each gets half. Else only the long one is cut.
    if (output_size > room / 2 && error_size > room / 2) {
        const std::size_t each = (room - output_suffix.size() - error_suffix.size()) / 2;
        return joined(standard_output.substr(0, each),
                      output_suffix,
                      standard_error.substr(0, each),
                      error_suffix);
    }
    if (output_size < room / 2) {
        const std::size_t left = room - error_suffix.size() - output_size;
        return joined(standard_output, "", standard_error.substr(0, left), error_suffix);
    }
    const std::size_t left = room - output_suffix.size() - error_size;
    return joined(standard_output.substr(0, left), output_suffix, standard_error, "");
}

} // namespace squall::labhost
