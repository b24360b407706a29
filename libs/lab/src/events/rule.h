// Event buses, their rules and what those hand events to. Values.
#pragma once

#include "events/pattern.h"
#include "squall/base/clock.h"

#include <map>
#include <optional>

namespace squall::lab::eventbridge {

struct Target {
    std::string id;
    std::string arn;
    json::Object definition; // every member as it was put
};

struct Rule {
    std::string name;
    std::string arn;
    std::string bus;
    json::Object definition; // EventPattern, ScheduleExpression, Description, RoleArn
    std::optional<Pattern> pattern;
    std::optional<Seconds> rate;
    WallTime next_at; // of a rate
    bool is_enabled = true;
    json::Array tags;
    std::map<std::string, Target, std::less<>> targets; // by id
};

struct Bus {
    std::string name;
    std::string arn;
    std::string description;
    WallTime created_at;
    json::Array tags;
    std::map<std::string, Rule, std::less<>> rules; // by name
};

// "rate(5 minutes)"; invalid_input for what is none. (Cron expressions are refused: the lab has
// none.)
[[nodiscard]] Result<Seconds> parse_rate(std::string_view expression);

// What a target is given of an event: all of it, its Input, a part of it by InputPath, or what its
// InputTransformer makes of it.
[[nodiscard]] std::string
input_of(const Target& target, const Rule& rule, const json::Object& event, WallTime now);

// Why a target cannot be put; empty when it can.
[[nodiscard]] std::string problem_of(const json::Object& target);

} // namespace squall::lab::eventbridge
