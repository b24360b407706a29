// States of systemd's units: systemctl list-units, and systemctl show; and beside the processes,
// who waits for the agent's.
#include "bundle/readers.h"
#include "squall/base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace squall::doctor {
namespace {

struct Unit {
    std::string id; // "docker.service"
    std::string active;
    std::string sub;
    std::string code; // of its main process's end; only systemctl show says it
    TextLine line;
    bool waits = false; // a job is to start it; only systemctl list-units says it
};

bool is_of_interest(std::string_view id) {
    return id == "docker.service" || id == "ecs.service" || id == "amazon-ecs.service";
}

bool is_agents(std::string_view id) { return id != "docker.service"; }

// Before the description, where a job is queued. No description of theirs begins like that.
bool is_start_job(std::string_view word) {
    return word == "start" || word == "restart" || word == "reload-or-start";
}

// "● ecs.service loaded failed failed Amazon ECS agent", "ecs.service loaded inactive dead start …"
void add_listed(const TextLine& line, std::vector<Unit>& units) {
    const auto words = words_of(line.text);
    for (std::size_t i = 0; i + 3 < words.size() && i < 2; ++i)
        if (is_of_interest(words[i]) && words[i + 1] == "loaded")
            units.push_back({std::string(words[i]),
                             std::string(words[i + 2]),
                             std::string(words[i + 3]),
                             "",
                             line,
                             i + 4 < words.size() && is_start_job(words[i + 4])});
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
                             where,
                             false});
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
    const auto sign = [&](const char* cause, Certainty certainty, std::string_view means) {
        return Sign{cause,
                    certainty,
                    fmt::format("{} {} ({})", unit.id, means, unit.active),
                    {evidence_at(file, unit.line)}};
    };
    const bool is_down = unit.active == "failed" || unit.active == "inactive";
    if (!is_agents(unit.id))
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

struct Place {
    const TextFile* file = nullptr;
    Unit unit;
};

// The agent's, in whatever list of services has it; one that waits before one of which it is not
// known.
std::optional<Place> agents_unit(const TextFiles& files) {
    std::optional<Place> found;
    for (const char* name : {"services.txt", "squall/services.txt"}) {
        const auto file = files.find(name);
        if (file == files.end()) continue;
        for (const Unit& unit : units_of(file->second)) {
            if (is_agents(unit.id) && (!found || (unit.waits && !found->unit.waits)))
                found = Place{&file->second, unit};
        }
    }
    return found;
}

// "systemctl enable --now ecs", and the like: it waits until the service has started.
bool is_start_of_agent(const std::vector<std::string_view>& words) {
    const auto program = std::find_if(words.begin(), words.end(), [](std::string_view word) {
        return word == "systemctl" || word.ends_with("/systemctl");
    });
    const auto has = [&](auto... wanted) {
        return std::any_of(
            program, words.end(), [&](std::string_view word) { return ((word == wanted) || ...); });
    };
    if (program == words.end() || has("--no-block")) return false;
    return (has("start", "restart", "reload-or-restart") || (has("enable") && has("--now")))
           && has("ecs", "ecs.service", "amazon-ecs", "amazon-ecs.service");
}

// How deep in the tree that `ps f` draws; 0 at its root, or where none is drawn.
std::size_t depth_of(std::string_view line) {
    const std::size_t branch = line.find("\\_ ");
    return branch == std::string_view::npos ? 0 : branch;
}

bool is_cloud_init(std::string_view line) {
    return line.find("cloud-init") != std::string_view::npos
           || line.find("/var/lib/cloud/") != std::string_view::npos;
}

// Whether cloud-init has begun it; without a tree, whether cloud-init is there.
bool is_of_cloud_init(const std::vector<TextLine>& lines, std::size_t at) {
    std::size_t depth = depth_of(lines[at].text);
    const bool has_tree = std::any_of(
        lines.begin(), lines.end(), [](const TextLine& line) { return depth_of(line.text) > 0; });
    if (!has_tree)
        return std::any_of(lines.begin(), lines.end(), [](const TextLine& line) {
            return is_cloud_init(line.text);
        });
    for (std::size_t above = at; above > 0 && depth > 0; --above) {
        const std::string_view line = lines[above - 1].text;
        if (depth_of(line) >= depth) continue;
        if (is_cloud_init(line)) return true;
        depth = depth_of(line);
    }
    return false;
}

// The user data's command that waits for the start of the agent.
std::optional<TextLine> starter_in(const TextFile& processes) {
    const std::vector<TextLine> lines = lines_of(processes);
    for (std::size_t i = 0; i < lines.size(); ++i)
        if (is_start_of_agent(words_of(lines[i].text)) && is_of_cloud_init(lines, i))
            return lines[i];
    return {};
}

} // namespace

std::optional<Look> look_at_waiting_start(const TextFiles& files) {
    const auto place = agents_unit(files);
    const auto processes = files.find("ps.txt");
    const auto starter = processes == files.end() ? std::nullopt : starter_in(processes->second);
    const bool waits = place && place->unit.waits;
    // It is on its way, or there.
    if (place && place->unit.active != "inactive" && !waits) return {};
    if (!waits && !starter) return {};
    Sign sign{"CLOUD_INIT_DEADLOCK", Certainty::likely, ""};
    if (starter)
        sign.summary = "the user data waits for the start of the agent's service, which waits for "
                       "the end of the user data";
    else
        sign.summary =
            "the agent's service waits to be started: for the end of cloud-init, as a rule";
    if (waits && starter) sign.certainty = Certainty::certain;
    // No command of the user data is seen to wait for it: it may be at other work still.
    if (!starter && processes != files.end()) sign.certainty = Certainty::possible;
    if (place) sign.evidence.push_back(evidence_at(*place->file, place->unit.line));
    if (starter) sign.evidence.push_back(evidence_at(processes->second, *starter));
    const std::string summary = sign.summary;
    return finding("services", summary, {std::move(sign)});
}

std::optional<Look> look_at_running_service(const TextFiles& files) {
    const auto place = agents_unit(files);
    if (!place || place->unit.active != "active" || place->unit.sub != "running") return {};
    return healthy("agent-service", place->unit.id + " ran when the archive was made");
}

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
