#include "checks/agent_config.h"

#include "squall/base/text.h"
#include "squall/doctor/proxy_secrets.h"

#include <algorithm>

namespace squall::host {
namespace {

constexpr std::size_t file_max = 1U << 20U;

bool is_name(std::string_view name) {
    return !name.empty() && name.front() != '='
           && name.find_first_of(" \t\"'") == std::string_view::npos;
}

// "export NAME", "NAME ", "'NAME"
std::string meant_by(std::string_view key) {
    if (key.starts_with("export ")) key.remove_prefix(7);
    constexpr std::string_view around = " \t\"'";
    const auto begin = key.find_first_not_of(around);
    if (begin == std::string_view::npos) return {};
    key.remove_prefix(begin);
    return std::string(key.substr(0, key.find_first_of(around)));
}

std::string unquoted(std::string_view value) {
    const bool is_quoted = value.size() >= 2 && value.front() == value.back()
                           && (value.front() == '"' || value.front() == '\'');
    return std::string(is_quoted ? value.substr(1, value.size() - 2) : value);
}

// Environment=NAME=VALUE "NAME=VALUE", of which those count that name a proxy: the agent gets them
// from ecs-init. A % is written twice there.
void read_environment(std::string_view value, const std::string& place, AgentConfig& into) {
    while (!value.empty()) {
        const bool is_quoted = value.front() == '"' || value.front() == '\'';
        const std::string_view rest = value.substr(is_quoted ? 1 : 0);
        const auto end =
            std::min(is_quoted ? rest.find(value.front()) : rest.find_first_of(" \t"), rest.size());
        const auto [name, text] = split_once(rest.substr(0, end), '=');
        const bool is_proxy = name == no_proxy_setting
                              || std::find(proxy_settings.begin(), proxy_settings.end(), name)
                                     != proxy_settings.end();
        if (is_proxy)
            into.lines.push_back(
                {place, std::string(name), replace_all(std::string(text), "%%", "%")});
        value = trimmed(rest.substr(std::min(end + 1, rest.size())));
    }
}

// What the unit's own files say; the files with settings, which are read after them, count more.
void read_unit(const Path& root, AgentConfig& into) {
    constexpr std::string_view key = "Environment=";
    const std::string folder = "/etc/systemd/system/ecs.service.d";
    std::vector<std::string> names;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(root / folder.substr(1), error);
         !error && entry != std::filesystem::directory_iterator();
         entry.increment(error))
        if (entry->path().extension() == ".conf") names.push_back(entry->path().filename());
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) {
        const std::string file = fmt::format("{}/{}", folder, name);
        std::size_t number = 0;
        const auto lines = read_file(root / file.substr(1), file_max).value_or("");
        for (const std::string& raw : split(lines, '\n')) {
            ++number;
            const std::string_view line = trimmed(raw);
            if (line.starts_with(key))
                read_environment(
                    trimmed(line.substr(key.size())), fmt::format("{}:{}", file, number), into);
        }
    }
}

} // namespace

const ConfigLine* AgentConfig::find(std::string_view name) const {
    const auto found = std::find_if(
        lines.rbegin(), lines.rend(), [&](const ConfigLine& line) { return line.name == name; });
    return found == lines.rend() ? nullptr : &*found;
}

std::string AgentConfig::get(std::string_view name) const {
    const ConfigLine* line = find(name);
    return line == nullptr ? std::string() : line->value;
}

bool AgentConfig::is_true(std::string_view name) const {
    return equal_ignoring_case(get(name), "true") || get(name) == "1";
}

void read_settings(std::string_view text, const std::string& name, AgentConfig& into) {
    std::size_t number = 0;
    for (const std::string& raw : split(text, '\n')) {
        ++number;
        const std::string_view line = trimmed(raw);
        if (line.empty() || line.front() == '#' || line.front() == ';') continue;
        const std::string place = fmt::format("{}:{}", name, number);
        const auto [key, value] = split_once(line, '=');
        if (line.find('=') == std::string_view::npos) {
            into.faults.push_back(
                {place, {}, "this line is no NAME=VALUE, and counts for nothing"});
        } else if (key.starts_with("export ")) {
            into.faults.push_back(
                {place,
                 meant_by(key),
                 "'export' does not belong into an environment file: the line is dropped"});
        } else if (!is_name(key)) {
            into.faults.push_back(
                {place, meant_by(key), "blanks or quotes before '=': the line is dropped"});
        } else {
            into.lines.push_back({place, std::string(key), unquoted(trimmed(value))});
        }
    }
}

std::string setting_in(std::string_view text, std::string_view name) {
    AgentConfig config;
    read_settings(text, {}, config);
    return config.get(name);
}

const ConfigLine* proxy_of(const AgentConfig& config) {
    for (const std::string_view name : proxy_settings) {
        const ConfigLine* line = config.find(name);
        if (line != nullptr && !line->value.empty()) return line;
    }
    return nullptr;
}

const ConfigLine* unreadable_proxy(const AgentConfig& config) {
    for (const std::string_view name : proxy_settings) {
        const ConfigLine* line = config.find(name);
        if (line != nullptr && doctor::has_unreadable_user(line->value)) return line;
    }
    return nullptr;
}

AgentConfig read_agent_config(const Path& root) {
    AgentConfig config;
    read_unit(root, config);
    for (const std::string file : {"/var/lib/ecs/ecs.config", "/etc/ecs/ecs.config"}) {
        const auto text = read_file(root / file.substr(1), file_max);
        if (text) {
            config.files.push_back(file);
            read_settings(*text, file, config);
        } else if (text.error().code != Errc::not_found) {
            config.unreadable = text.error().message;
        }
    }
    return config;
}

} // namespace squall::host
