// What a run would meet, asked beforehand, one thing at a time, so that all of it is known at once.
#pragma once

#include "squall/base/json.h"

#include <string>
#include <vector>

namespace squall::experiment {

struct CheckItem {
    // unknown: it could not be found out; what a run needs and nobody can tell is no good either.
    enum class State { good, bad, unknown };

    std::string what; // "ssm:SendCommand", "i-0123456789abcdef0"
    State state = State::good;
    std::string text;   // why it is so; may be empty where it is good
    std::string advice; // what to do about it
    bool needed = true; // false: a run goes on without it
};

// good, bad, unknown
[[nodiscard]] std::string_view state_word(CheckItem::State state);

// Nothing that a run needs is bad or unknown.
[[nodiscard]] bool is_ready(const std::vector<CheckItem>& items);

// {"what","state","text","advice","needed"}
[[nodiscard]] json::Object to_json(const CheckItem& item);

} // namespace squall::experiment
