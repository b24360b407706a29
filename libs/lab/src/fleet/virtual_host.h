// What a virtual instance is inside, as far as it has an inside: whether its agent runs, and what
// runs of squall's have left there. It has no shell. It knows the orders of ecs-agent-stop by the
// line that names them and the settings below that line, and does what the script would have done;
// any other script fails. Plain data; time comes in.
#pragma once

#include "squall/base/clock.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace squall::lab::fleet {

// "# squall ecs-agent-stop VERB", and the lines name='value' ($name = 'value') that follow it.
struct Order {
    std::string verb; // stop, start, list, remove
    std::map<std::string, std::string, std::less<>> settings;

    // Empty where there is none.
    [[nodiscard]] std::string setting(std::string_view name) const;
};

// Nothing for a script that is no order.
[[nodiscard]] std::optional<Order> read_order(std::string_view script);

struct ScriptEnd {
    int exit_code = 0;
    std::string standard_output;
    std::string standard_error;
};

class VirtualHost {
public:
    [[nodiscard]] ScriptEnd run(std::string_view script, WallTime now);

    // Its own timer, which ends a fault; true when that has started the agent.
    bool tick(WallTime now);

    [[nodiscard]] bool agent_runs() const { return agent_runs_; }

    // Its own timer's next turn.
    [[nodiscard]] std::optional<WallTime> restores_itself_at() const;

private:
    struct Hold {
        std::string run;
        WallTime until;
    };

    std::string stop(const Order& order, WallTime now);
    std::string start(const Order& order, WallTime now);
    [[nodiscard]] std::string list(WallTime now) const;
    void remove(const Order& order);

    bool agent_runs_ = true;
    std::optional<Hold> hold_;
    std::map<std::string, WallTime, std::less<>>
        over_; // runs that are over, and until when it matters
};

} // namespace squall::lab::fleet
