// How the lab's AWS endpoint is, in lines for people.
#pragma once

#include "squall/base/json.h"

#include <string>
#include <vector>

namespace squall::app {

enum class WhenWell { says_nothing, says_so };

// Of {"broken": […], "throttling": …}, as lab::status() has it under "api".
[[nodiscard]] std::vector<std::string> lab_api_lines(const json::Object& api, WhenWell when_well);

// What lab::order_api has done.
[[nodiscard]] std::string lab_api_answer(const std::string& verb, const json::Object& done);

} // namespace squall::app
