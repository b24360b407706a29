// States of systemd's units: systemctl list-units, and systemctl show.
#include "bundle/readers.h"
#include "squall/base/text.h"

#include <fmt/format.h>

#include <map>

namespace squall::doctor {
namespace {

struct Unit {
    std::string id; // "docker.service"
    std::string active;
    std::string sub;
    std::string code; // of its main process's end; only systemctl show says it
    TextLine line;
};

bool is_of_interest(std::string_view id) {
    return id == "docker.service" || id == "ecs.service" || id == "amazon-ecs.service";
}

// "● ecs.service loaded failed failed Amazon ECS agent"
void add_listed(const TextLine& line, std::vector<Unit>& units) {
    const auto words = words_of(line.text);
    for (std::size_t i = 0; i + 3 < words.size() && i < 2; ++i)
        if (is_of_interest(words[i]) && words[i + 1] == "loaded")
            units.push_back({std::string(words[i]),
                             std::string(words[i + 2]),
                             std::string(words[i + 3]),
                             "",
                             line});
}

std::vector<Unit> units_of(const TextFile& file) {
    std::vector<Unit> units;
    std::map<std::string, std::string, std::less<>> shown;
    TextLine where;
    const auto end_of_unit = [&] {
        if (is_of_interest(shown["Id"]) && shown["LoadState"] != "not-found")
            units.push_back({shown["Id"],
                             shown["ActiveState"],
                             shown["SubState"],
                             shown["ExecMainStatus"],
                             where});
        shown.clear();
        where = {};
    };
    for (const TextLine& line : lines_of(file)) {
        add_listed(line, units);
        const auto [name, value] = split_once(line.text, '=');
        if (name == "ActiveState") where = line;
        if (name.size() < line.text.size() && name.find(' ') == std::string_view::npos)
            shown[std::string(name)] = value;
        if (trimmed(line.text).empty()) end_of_unit();
    }
    end_of_unit();
    return units;
}

std::optional<Sign> sign_of(const TextFile& file, const Unit& unit) {
    const bool is_docker = unit.id == "docker.service";
    const auto sign = [&](const char* cause, Certainty certainty, std::string_view means) {
        return Sign{cause,
                    certainty,
                    fmt::format("{} {} ({})", unit.id, means, unit.active),
                    {evidence_at(file, unit.line)}};
    };
    const bool is_down = unit.active == "failed" || unit.active == "inactive";
    if (is_docker)
        return is_down ? std::optional(sign("DOCKER_DOWN", Certainty::certain, "does not run"))
                       : std::nullopt;
    if (unit.sub == "auto-restart")
        return sign("AGENT_CRASHLOOP", Certainty::likely, "is started again and again");
    if (!is_down) return {};
    if (unit.code == "5")
        return sign("AGENT_TERMINAL", Certainty::certain, "ended with 5, and is not started again");
    if (unit.active == "inactive")
        return sign("AGENT_STOPPED", Certainty::likely, "was stopped, or never started");
    return sign("AGENT_CRASHLOOP", Certainty::possible, "failed");
}

} // namespace

std::optional<Look> look_at_services(const TextFile& file) {
    const std::vector<Unit> units = units_of(file);
    if (units.empty()) return {};
    std::vector<Sign> signs;
    std::string states;
    for (const Unit& unit : units) {
        if (auto sign = sign_of(file, unit)) signs.push_back(std::move(*sign));
        states += fmt::format("{}{} is {}",
                              states.empty() ? "" : ", ",
                              unit.id,
                              evidence_at(file, {unit.active}).text);
    }
    return signs.empty() ? healthy("services", states)
                         : finding("services", states, std::move(signs));
}

} // namespace squall::doctor
