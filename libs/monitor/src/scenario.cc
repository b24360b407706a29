#include "scenario.h"

#include "squall/monitor/event_parser.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace squall::monitor {
namespace {

constexpr std::array line_members{"event", "world", "api", "restart", "window", "end"};
constexpr double down_max_s = 10.0 * 365 * 86400;
constexpr Seconds span_max{366 * 86400}; // a poll a minute: half a million of them

std::optional<ApiOutcome> outcome_named(std::string_view word) {
    if (word == "ok") return ApiOutcome::ok;
    if (word == "throttled") return ApiOutcome::throttled;
    if (word == "denied") return ApiOutcome::denied;
    return std::nullopt;
}

} // namespace

tl::unexpected<Error> ScenarioReader::error(std::string_view what) const {
    return fail(Errc::invalid_input, "{}:{}: {}", name_, number_, what);
}

Result<std::optional<ScenarioLine>> ScenarioReader::next() {
    std::string text;
    while (std::getline(lines_, text)) {
        ++number_;
        if (text.find_first_not_of(" \t\r") == std::string::npos) continue;
        auto line = read(text);
        if (!line) return fail(line.error());
        return std::optional<ScenarioLine>(std::move(*line));
    }
    if (lines_.bad()) return error("reading the scenario failed here");
    return std::nullopt;
}

Result<ScenarioLine> ScenarioReader::read(const std::string& text) {
    auto parsed = json::parse_object(text);
    if (!parsed) return error(parsed.error().message);
    json::Object& object = *parsed;
    ScenarioLine line{time_of(json::at(object, "at")), EndLine{}, number_};
    if (!json::at(object, "at").is_number() || line.at == unknown_time)
        return error("a line has \"at\": seconds since 1970, a number");
    if (line.at < last_at_) return error("this line is earlier than the one before it");
    if (first_at_ == unknown_time) first_at_ = line.at;
    if (line.at - first_at_ > span_max) return error("a scenario lasts a year at the most");
    last_at_ = line.at;
    const auto members = std::count_if(line_members.begin(),
                                       line_members.end(),
                                       [&](const char* name) { return object.contains(name); });
    if (members > 1) return error("a line says one thing; this one says several");
    if (const auto found = object.find("event"); found != object.end()) {
        line.what = EventLine{std::move(found->value())};
    } else if (object.contains("world")) {
        if (!object["world"].is_object()) return error("\"world\" is an object");
        line.what = WorldLine{std::move(object["world"].get_object())};
    } else if (object.contains("api")) {
        const auto outcome = outcome_named(json::string_at(object, "api"));
        if (!outcome) return error("\"api\" is \"ok\", \"throttled\" or \"denied\"");
        line.what = ApiLine{*outcome};
    } else if (object.contains("restart")) {
        if (!json::bool_at(object, "restart")) return error("\"restart\" is true");
        if (object.contains("down") && !object["down"].is_number())
            return error("\"down\" is seconds, a number");
        const double down = json::number_at(object, "down");
        if (!(down >= 0 && down < down_max_s)) return error("\"down\" is seconds, 0 or more");
        line.what = RestartLine{Millis(std::llround(down * 1000))};
    } else if (object.contains("window")) {
        if (!object["window"].is_object()) return error("\"window\" is an object");
        auto read = window(object["window"].get_object(), line.at);
        if (!read) return fail(read.error());
        line.what = std::move(*read);
    } else if (object.contains("end")) {
        if (!json::bool_at(object, "end")) return error("\"end\" is true");
    } else {
        return error("a line has one of \"event\", \"world\", \"api\", \"restart\", \"window\" or "
                     "\"end\"");
    }
    return line;
}

Result<Window> ScenarioReader::window(const json::Object& line, WallTime at) const {
    Window window;
    window.id = fmt::format("line {}", number_);
    window.cluster = json::string_at(line, "cluster");
    window.from = at;
    window.until = time_of(json::at(line, "until"));
    window.why = json::string_at(line, "why");
    if (line.contains("nodes") && !line.at("nodes").is_array())
        return error("\"nodes\" of a window is a list of EC2 instance ids");
    for (const auto& node : json::array_at(line, "nodes")) {
        if (!node.is_string()) return error("\"nodes\" of a window is a list of EC2 instance ids");
        window.nodes.emplace_back(json::string_of(node));
    }
    if (window.cluster.empty()) return error("\"window\" has a \"cluster\": a name or an ARN");
    if (window.until == unknown_time)
        return error("\"window\" has \"until\": seconds since 1970, or RFC 3339");
    return window;
}

} // namespace squall::monitor
