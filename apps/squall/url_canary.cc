#include "url_canary.h"

#include <chrono>

namespace squall::app {
namespace {

using experiment::CanaryAnswer;

// The same words for the same trouble: answers are compared by them.
std::string word_of(Errc code) {
    switch (code) {
    case Errc::timed_out:
        return "timed out";
    case Errc::unavailable:
        return "no connection";
    case Errc::failed:
        return "broken off";
    case Errc::denied:
        return "refused";
    default:
        return "not asked";
    }
}

CanaryAnswer exchange(transport::HttpClient& client,
                      const std::string& url,
                      Deadline deadline,
                      const std::stop_token& stop) {
    CanaryAnswer answer;
    const auto server = wire::parse_url(url);
    if (!server) {
        answer.error = word_of(server.error().code);
        answer.why = server.error().message;
        return answer;
    }
    wire::HttpRequest request;
    request.target = server->target;
    request.headers = {{"User-Agent", "squall-canary"}, {"Accept", "*/*"}, {"Connection", "close"}};
    const SteadyTime began = Steady::now();
    auto response = client.send(*server, request, deadline, stop);
    answer.took = std::chrono::duration_cast<Millis>(Steady::now() - began);
    if (response) {
        answer.status = response->status;
        answer.headers = std::move(response->headers);
        answer.body = std::move(response->body);
    } else {
        answer.error = word_of(response.error().code);
        answer.why = response.error().message;
    }
    return answer;
}

} // namespace

void UrlCanary::ask(const std::string& url, Millis limit) {
    forget();
    if (thread_.joinable()) thread_.join();
    thread_ =
        std::jthread([this, url, deadline = Deadline::in(limit)](const std::stop_token& stop) {
            auto answer = exchange(client_, url, deadline, stop);
            const std::lock_guard lock(mutex_);
            if (!stop.stop_requested()) answer_ = std::move(answer);
        });
}

std::optional<CanaryAnswer> UrlCanary::take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(answer_, std::nullopt);
}

void UrlCanary::forget() {
    thread_.request_stop();
    const std::lock_guard lock(mutex_);
    answer_.reset();
}

} // namespace squall::app
