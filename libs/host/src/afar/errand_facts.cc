#include "afar/errand_parts.h"
#include "squall/base/text.h"

namespace squall::host {

Pairs pairs(std::string_view text, char between) {
    Pairs found;
    for (const std::string& line : split(text, '\n')) {
        for (const std::string& word : split(line, between)) {
            const auto [key, value] = split_once(word, '=');
            if (!key.empty() && word.find('=') != std::string::npos)
                found.emplace(std::string(key), std::string(trimmed(value)));
        }
    }
    return found;
}

std::string get(const Pairs& all, std::string_view key) {
    const auto found = all.find(key);
    return found == all.end() ? std::string() : found->second;
}

int number(const Pairs& all, std::string_view key) {
    return static_cast<int>(to_integer(get(all, key)).value_or(-1));
}

AgentConfig settings_of(const ErrandReport& report) {
    constexpr const char* file = "/etc/ecs/ecs.config";
    AgentConfig config;
    read_settings(report.config, file, config);
    for (ConfigLine& line : config.lines)
        line.place = file;
    return config;
}

} // namespace squall::host
