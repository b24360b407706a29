// What an agent says of itself when it registers, as its settings want it, and what it makes of the
// answer. Pure.
#pragma once

#include "agent/agent_config.h"
#include "cloud/api_caller.h"

namespace squall::labhost {

// Of ECS_INSTANCE_ATTRIBUTES or ECS_CONTAINER_INSTANCE_TAGS, {"name": "value"}; an agent that
// cannot read one goes on as if it were not set.
[[nodiscard]] json::Array attributes_of(const AgentConfig& config);
[[nodiscard]] json::Array tags_of(const AgentConfig& config);

// What is left of the host's memory for tasks; an error where more is reserved than there is.
[[nodiscard]] Result<std::int64_t> memory_for_tasks(std::int64_t total_mib,
                                                    std::int64_t reserved_mib);

// The names of those attributes that did not come back as they were sent.
[[nodiscard]] std::vector<std::string> missing_attributes(const json::Array& sent,
                                                          const json::Array& returned);

// What follows from a registration that was refused.
struct RegistrationEnd {
    bool is_terminal = false;
    std::string last_words; // said as critical; empty: nothing
};

// `is_again`: with the identity of an earlier start.
[[nodiscard]] RegistrationEnd end_of_registration(const CallError& error, bool is_again);

// Whether the agent can keep its state there: a folder that can be written. The error is worded as
// that of the system call that failed.
[[nodiscard]] Result<void> try_data_folder(const Path& folder);

} // namespace squall::labhost
