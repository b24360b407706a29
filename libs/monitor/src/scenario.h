// The lines of a scenario: JSON, one object each, in the order of time.
#pragma once

#include "squall/base/json.h"
#include "squall/monitor/input.h"

#include <istream>
#include <string>
#include <variant>

namespace squall::monitor {

struct EventLine {
    json::Value event;
};

struct WorldLine {
    json::Object world;
};

struct ApiLine {
    ApiOutcome outcome = ApiOutcome::ok;
};

struct RestartLine {
    Millis down{0};
};

struct EndLine {};

struct ScenarioLine {
    WallTime at;
    std::variant<EventLine, WorldLine, ApiLine, RestartLine, Window, EndLine> what;
    int number = 0; // in its file, from 1
};

class ScenarioReader {
public:
    // `lines` must outlive it.
    ScenarioReader(std::istream& lines, std::string name) : lines_(lines), name_(std::move(name)) {}

    // The next line; nothing at the end. Errors name the line.
    [[nodiscard]] Result<std::optional<ScenarioLine>> next();

    [[nodiscard]] tl::unexpected<Error> error(std::string_view what) const;

private:
    [[nodiscard]] Result<ScenarioLine> read(const std::string& text);
    [[nodiscard]] Result<Window> window(const json::Object& line, WallTime at) const;

    std::istream& lines_;
    std::string name_;
    int number_ = 0;
    WallTime first_at_ = unknown_time;
    WallTime last_at_ = unknown_time;
};

} // namespace squall::monitor
