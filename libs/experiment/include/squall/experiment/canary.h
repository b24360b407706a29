// The canary: a URL of the user's that the runner asks before, during and after a fault, so that
// the effect is seen from where clients are. What is asked and what comes back are values; who asks
// is behind an interface, so that tests need no network.
#pragma once

#include "squall/base/clock.h"
#include "squall/wire/http_message.h"

#include <functional>
#include <optional>
#include <string>

namespace squall::experiment {

struct CanaryAnswer {
    int status = 0;    // 0: there was no answer
    std::string error; // then why, in a word or two that are the same each time: "timed out"
    std::string why;   // then the whole of it, for people
    Millis took{0};
    wire::Headers headers;
    std::string body;

    // "503", "timed out"
    [[nodiscard]] std::string outcome() const {
        return status == 0 ? error : std::to_string(status);
    }
};

// What is to be asked, and what a fault does to the answers.
struct CanarySettings {
    std::string url;
    Millis limit{0};    // of one request without the fault
    Millis patience{0}; // of one request under the fault, which may make it wait
    // Whether an answer bears a mark of the fault beside its outcome, such as the delay; null: the
    // fault leaves none.
    std::function<bool(const CanaryAnswer&)> bears_mark;
};

// Sends one request at a time and is never waited for. One thread calls it.
class CanaryAsker {
public:
    CanaryAsker() = default;
    CanaryAsker(const CanaryAsker&) = delete;
    CanaryAsker& operator=(const CanaryAsker&) = delete;
    virtual ~CanaryAsker() = default;

    // Begins a GET on a connection of its own, since the fault concerns new ones. What was asked
    // before is forgotten. An answer comes within `limit`, if only to say that there was none.
    virtual void ask(const std::string& url, Millis limit) = 0;
    // The answer, once, when it has come.
    [[nodiscard]] virtual std::optional<CanaryAnswer> take() = 0;
    // Drops what was asked, at once.
    virtual void forget() = 0;
};

} // namespace squall::experiment
