// The control plane's end of the two websockets of an agent. What carries the text is somebody
// else's.
#pragma once

#include "ecs/store.h"

#include <deque>
#include <memory>

namespace squall::lab::ecs {

// Where the text goes. Closing is final; the other side's on_closed then calls acs_closed or
// tcs_closed.
class AgentChannel {
public:
    AgentChannel(const AgentChannel&) = delete;
    AgentChannel& operator=(const AgentChannel&) = delete;
    virtual ~AgentChannel() = default;
    virtual void send(std::string text) = 0;
    virtual void close(std::uint16_t code, const std::string& reason) = 0;

protected:
    AgentChannel() = default;
};

// What an agent says of itself when it opens ACS (the query string of the upgrade).
struct AgentHello {
    std::string cluster; // name or ARN, as the agent is configured
    std::string instance_arn;
    std::string agent_version;
    std::string agent_hash;
    std::string docker_version;
};

// One open ACS connection.
struct AcsSession {
    std::uint64_t id = 0;
    std::unique_ptr<AgentChannel> channel;
    std::int64_t sequence = 0;

    // What was sent and not yet acknowledged: message id -> tasks with the status each should have.
    struct Payload {
        std::vector<std::pair<std::string, std::string>> tasks;
    };

    std::map<std::string, Payload> unacknowledged;
    WallTime next_heartbeat;
    // Since when the oldest heartbeat without an answer waits.
    std::optional<WallTime> silent_since;
};

struct TcsSession {
    std::uint64_t id = 0;
    std::unique_ptr<AgentChannel> channel;
    std::string instance_arn;
    WallTime next_heartbeat;
};

} // namespace squall::lab::ecs
