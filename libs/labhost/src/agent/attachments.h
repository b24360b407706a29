// Elastic network interfaces that the control plane has announced: waits until each is on the
// instance, and says so until it is heard. Runs on the loop's thread.
#pragma once

#include "agent/agent_log.h"
#include "agent/agent_state.h"
#include "agent/backoff.h"
#include "agent/task_network.h"
#include "cloud/api_caller.h"

namespace squall::labhost {

class Attachments {
public:
    // More at a time are not waited for: an instance has three or four interfaces.
    static constexpr std::size_t waiting_max = 64;

    // The references must outlive it.
    Attachments(transport::Loop& loop, CloudCaller& caller, AgentLog& log, const AgentState& state)
        : loop_(loop), caller_(caller), log_(log), state_(state), random_(std::random_device{}()) {}

    // The body of an AttachTaskNetworkInterfacesMessage. False, with a line in the log, where it
    // cannot be meant: it must not be acknowledged then.
    [[nodiscard]] bool apply(const json::Object& message);

private:
    struct Waiting {
        explicit Waiting(transport::Loop& loop) : timer(loop) {}

        std::string task_arn;
        std::string mac;
        SteadyTime until;
        Backoff backoff{Millis(1000), Millis(30'000), 0.2, 1.3};
        transport::Timer timer;
    };

    void look(const std::string& attachment_arn);
    void submit(const std::string& attachment_arn);

    transport::Loop& loop_;
    CloudCaller& caller_;
    AgentLog& log_;
    const AgentState& state_;
    std::mt19937 random_;
    std::map<std::string, std::unique_ptr<Waiting>> waiting_; // by attachment ARN
};

} // namespace squall::labhost
