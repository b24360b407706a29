// Tells the control plane what became of tasks, each one in order and for ever until it is heard: 1
// s after a failure, 1.3 times longer after each, 30 s at the most.
#pragma once

#include "agent/agent_log.h"
#include "agent/backoff.h"
#include "agent/task_engine.h"
#include "cloud/api_caller.h"

namespace squall::labhost {

class StateReporter {
public:
    StateReporter(transport::Loop& loop,
                  CloudCaller& caller,
                  AgentLog& log,
                  AgentState& state,
                  std::function<void()> save)
        : loop_(loop),
          caller_(caller),
          log_(log),
          state_(state),
          save_(std::move(save)),
          random_(std::random_device{}()) {}

    void use(const TaskEngine& engine) { engine_ = &engine; }

    void changed(const std::string& arn);

private:
    struct Pending {
        explicit Pending(transport::Loop& loop) : timer(loop) {}

        Backoff backoff{Millis(1000), Millis(30'000), 0.2, 1.3};
        transport::Timer timer;
        bool under_way = false;
        bool again = false;
    };

    void submit(const std::string& arn);

    transport::Loop& loop_;
    CloudCaller& caller_;
    AgentLog& log_;
    AgentState& state_;
    std::function<void()> save_;
    const TaskEngine* engine_ = nullptr;
    std::mt19937 random_;
    std::map<std::string, std::unique_ptr<Pending>> pending_;
};

} // namespace squall::labhost
