// The canary over the network: one request at a time, on a thread of its own, so that nobody waits
// for it.
#pragma once

#include "squall/experiment/canary.h"
#include "squall/transport/http_client.h"

#include <mutex>
#include <thread>

namespace squall::app {

class UrlCanary final : public experiment::CanaryAsker {
public:
    explicit UrlCanary(transport::ClientSettings settings) : client_(std::move(settings)) {}

    void ask(const std::string& url, Millis limit) override;
    [[nodiscard]] std::optional<experiment::CanaryAnswer> take() override;
    void forget() override;

private:
    transport::HttpClient client_;
    std::mutex mutex_;
    std::optional<experiment::CanaryAnswer> answer_;
    std::jthread thread_; // last: it ends before what it uses
};

} // namespace squall::app
