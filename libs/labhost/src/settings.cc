#include "settings.h"

#include "squall/base/text.h"

namespace squall::labhost {
namespace {

std::string without_quotes(std::string_view value) {
    const bool quoted = value.size() >= 2 && (value.front() == '"' || value.front() == '\'')
                        && value.back() == value.front();
    return std::string(quoted ? value.substr(1, value.size() - 2) : value);
}

} // namespace

std::map<std::string, std::string> parse_settings(std::string_view text) {
    std::map<std::string, std::string> settings;
    for (const auto& line : split(text, '\n')) {
        const std::string_view content = trimmed(line);
        if (content.empty() || content.front() == '#') continue;
        const auto [name, value] = split_once(content, '=');
        settings[std::string(trimmed(name))] = without_quotes(trimmed(value));
    }
    return settings;
}

} // namespace squall::labhost
