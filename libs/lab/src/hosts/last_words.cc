#include "hosts/last_words.h"

#include "squall/base/json.h"
#include "squall/base/text.h"
#include "squall/labhost/host_spec.h"

#include <fmt/format.h>

namespace squall::lab {

std::vector<std::string> last_words(const Path& journal, std::size_t lines_max) {
    const auto text = read_file(journal, 2 * labhost::journal_size_max);
    if (!text) return {};
    const auto lines = split(trimmed(*text), '\n');
    const std::size_t first = lines.size() > lines_max ? lines.size() - lines_max : 0;
    std::vector<std::string> words;
    words.reserve(lines.size() - first);
    for (std::size_t number = first; number < lines.size(); ++number) {
        const auto entry = json::parse_object(lines[number]);
        if (!entry) continue; // being written, or empty
        words.push_back(
            fmt::format("{}: {}", json::string_at(*entry, "i"), json::string_at(*entry, "s")));
    }
    return words;
}

} // namespace squall::lab
