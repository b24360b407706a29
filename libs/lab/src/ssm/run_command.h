// Systems Manager's Run Command: what became of each command on each instance. Plain data and
// rules; time comes in.
#pragma once

#include "squall/base/clock.h"
#include "squall/base/json.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace squall::lab::ssm {

// What the agent says when a script is over.
struct Reply {
    std::string status; // Success, Failed, TimedOut, Cancelled
    std::int64_t response_code = 0;
    std::string standard_output;
    std::string standard_error;
    std::string output; // both together, as ListCommandInvocations shows them
    std::optional<WallTime> started_at;
    std::optional<WallTime> finished_at;
};

// A command on one instance. `status` and `details` are AWS's words (details in the form without
// blanks).
struct Invocation {
    std::string instance_id;
    std::string status = "Pending";
    std::string details = "Pending";
    std::int64_t response_code = -1;
    std::string standard_output;
    std::string standard_error;
    std::string output;
    std::optional<WallTime> started_at;
    std::optional<WallTime> finished_at;
    // The message with the script: handed to the agent, not yet acknowledged, since then.
    std::optional<WallTime> handed_at;
    bool cancel_pending = false; // the agent still has to be told

    [[nodiscard]] bool is_over() const;
};

struct Command {
    std::string id;
    std::string document;
    std::string comment;
    json::Object parameters;
    WallTime requested_at;
    Seconds delivery_timeout{3600};
    Seconds execution_timeout{3600};
    std::string max_concurrency = "50";
    std::string max_errors = "0";
    std::string requested_by;
    std::map<std::string, Invocation> invocations;
    bool cancelled = false;

    [[nodiscard]] WallTime expires_after() const {
        return requested_at + delivery_timeout + execution_timeout;
    }

    // Over all invocations.
    [[nodiscard]] std::string status() const;
    [[nodiscard]] std::string details() const;
    [[nodiscard]] std::size_t completed() const;
    [[nodiscard]] std::size_t errors() const;
    // MaxErrors and MaxConcurrency are numbers or percentages of the targets.
    [[nodiscard]] std::size_t errors_max() const;
    [[nodiscard]] std::size_t concurrency_max() const;
    // May one more invocation be handed out?
    [[nodiscard]] bool may_dispatch() const;

    void acknowledged(Invocation& invocation);
    void replied(Invocation& invocation, const Reply& reply);
    // Returns true if the agent has to be told.
    bool cancel(Invocation& invocation, WallTime now);
    // Applies the time limits, and ends what the error limit ends.
    void tick(WallTime now);
};

} // namespace squall::lab::ssm
