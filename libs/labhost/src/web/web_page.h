// What the lab's demo service answers: what it is and whom one has reached. Pure: facts and request
// in, answer out.
#pragma once

#include "squall/base/clock.h"
#include "squall/wire/http_message.h"

#include <cstdint>
#include <optional>
#include <string>

namespace squall::labhost::web {

struct WebFacts {
    std::string service; // "web" where nobody says otherwise
    std::string task;    // id of the ECS task; empty where there is none
    std::string hostname;
    std::int64_t pid = 0;
    WallTime started_at;
    std::uint64_t requests = 0; // this one too
};

struct WebAnswer {
    wire::HttpResponse response;
    Millis delay{0}; // after which the response is to be sent
};

// The longest delay /slow gives.
inline constexpr Millis slow_max = Seconds(60);

[[nodiscard]] WebAnswer answer(const wire::HttpRequest& request, const WebFacts& facts);

// What the agent's metadata (v4, of the task) says.
struct TaskMetadata {
    std::string task; // the id at the end of its ARN
    std::string service;
};

[[nodiscard]] std::optional<TaskMetadata> parse_task_metadata(std::string_view text);

} // namespace squall::labhost::web
