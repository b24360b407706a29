// A websocket to the control plane that is kept open: dialled, watched for silence, given up after
// its age, dialled again. ACS and TCS differ in what they say and in how long they wait. Runs on
// the loop's thread.
#pragma once

#include "agent/agent_log.h"
#include "agent/backoff.h"
#include "cloud/api_caller.h"
#include "squall/transport/websocket.h"

#include <random>

namespace squall::labhost {

// What makes one of the two. All figures are the real agent's.
struct LinkRules {
    std::string name; // "ACS", "TCS"
    Millis silence_min{
        60'000}; // closed after silence_min plus up to silence_spread without a message
    Millis silence_spread{60'000};
    Millis age_min{30 * 60'000}; // and after this age, with up to age_spread more
    Millis age_spread{5 * 60'000};
    Backoff backoff{Millis(250), Millis(120'000), 0.2, 1.5};
};

class ControlLink {
public:
    struct Handlers {
        // Asks for the URL to dial (with its query); called for every attempt.
        std::function<void(std::function<void(Result<wire::Url, CallError>)>)> find_url;
        std::function<void()> on_open;
        std::function<void(std::string_view text)> on_message;
    };

    ControlLink(transport::Loop& loop,
                CloudCaller& caller,
                AgentLog& log,
                std::string instance_arn,
                LinkRules rules,
                Handlers handlers);

    void start() { dial(); }

    void send(std::string text);

    [[nodiscard]] bool is_open() const { return socket_ != nullptr; }

private:
    void dial();
    void connect(const wire::Url& url);
    void opened(transport::WebSocketPtr socket);
    void closed(const std::string& reason);
    // `code` is AWS's, where it was AWS that said no.
    void failed(const std::string& code, const std::string& words);
    void refused(const wire::Url& url, const transport::NetProblem& problem);
    void retry(const std::string& code, bool at_once);
    void heard();

    CloudCaller& caller_;
    AgentLog& log_;
    std::string instance_arn_;
    LinkRules rules_;
    Handlers handlers_;
    transport::WebSocketPtr socket_;
    transport::Timer silence_;
    transport::Timer age_;
    transport::Timer redial_;
    std::mt19937 random_;
    bool expired_ = false; // we closed it ourselves: reconnect at once
};

} // namespace squall::labhost
