// The monitor as a function: events come in batches from a queue, and a clock comes every minute.
// What it remembers is in memory as long as this process is asked again, and in a table of DynamoDB
// for all that run beside it and after it.
#pragma once

#include "function_settings.h"
#include "squall/lambda/runtime.h"
#include "squall/watch/dynamo_store.h"
#include "squall/watch/judge.h"
#include "squall/watch/observer.h"

#include <memory>
#include <span>
#include <vector>

namespace squall::app {

class MonitorFunction {
public:
    // All must outlive it.
    MonitorFunction(const FunctionSettings& settings, aws::Client& client, Clock& clock);

    // A handler's answer. Events that were taken are stored, and so is all that follows from them;
    // what could not be sent in time is sent by the next invocation.
    [[nodiscard]] Result<std::string> handle(const lambda::Invocation& invocation);

private:
    [[nodiscard]] Result<std::string> batch(const json::Array& records,
                                            const std::stop_token& stop);
    [[nodiscard]] Result<std::string> tick(const std::stop_token& stop);
    // Judges, and looks at what the judgement asks for.
    [[nodiscard]] Result<void> judge(std::span<const monitor::Input> inputs,
                                     const std::stop_token& stop);
    // Loads anew as often as another writer was faster.
    [[nodiscard]] Result<monitor::Look> take(std::span<const monitor::Input> inputs);
    void deliver_all(WallTime until, const std::stop_token& stop);
    void deliver(watch::Channel& channel, WallTime until, const std::stop_token& stop);

    const FunctionSettings& settings_;
    aws::Client& client_;
    Clock& clock_;
    std::vector<std::unique_ptr<watch::Channel>> channels_;
    std::unique_ptr<watch::Store> store_;
    watch::Judge judge_;
    watch::Observer observer_;
    bool is_loaded_ = false;
    std::string request_id_; // of the present invocation
};

} // namespace squall::app
