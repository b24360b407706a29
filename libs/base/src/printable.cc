#include "squall/base/printable.h"

#include "squall/base/text.h"

#include <algorithm>

namespace squall {
namespace {

// How many bytes the character has that begins here; 1 where there is none.
std::size_t size_of_character(std::string_view text) {
    const auto first = static_cast<unsigned char>(text.front());
    const std::size_t size = first < 0x80U ? 1 : first < 0xe0U ? 2 : first < 0xf0U ? 3 : 4;
    return std::min(size, text.size());
}

} // namespace

std::string printable(std::string_view text, std::size_t size_max) {
    std::string result;
    result.reserve(std::min(text.size(), size_max));
    while (!text.empty()) {
        std::string_view character = text.substr(0, size_of_character(text));
        bool is_fine = is_valid_utf8(character);
        if (!is_fine) character = text.substr(0, 1);
        const auto first = static_cast<unsigned char>(character.front());
        const bool is_control = first < 0x20U || first == 0x7fU;
        // U+0080 to U+009F are control characters too.
        const bool is_second_control = first == 0xc2U && character.size() == 2
                                       && static_cast<unsigned char>(character[1]) < 0xa0U;
        is_fine = is_fine && !is_control && !is_second_control;
        if (result.size() + character.size() > size_max) break;
        if (is_fine)
            result += character;
        else
            result += '?';
        text.remove_prefix(character.size());
    }
    return result;
}

} // namespace squall
