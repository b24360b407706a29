#include "shown_line.h"

#include "squall/base/text.h"

namespace squall::aws {

std::string shown_line(std::string_view text, std::size_t size_max) {
    std::string line(trimmed(split_once(trimmed(text), '\n').first).substr(0, size_max));
    for (char& c : line) {
        if (c < ' ' || c > '~') c = c == '\t' ? ' ' : '?';
    }
    return line;
}

} // namespace squall::aws
