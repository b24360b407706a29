// What somebody broke of the endpoint on purpose: which calls, how, and until when. Values only:
// the one who asks brings the time, and does what the answer says.
#pragma once

#include "api/call.h"

#include <deque>
#include <random>

namespace squall::lab {

enum class Mishap {
    error,        // this error instead of an answer; nothing was done
    slow,         // done at once, and answered late
    hang,         // nothing is done, and after a long time the connection ends
    lost_request, // nothing is done, and the connection ends
    lost_answer,  // it is done, and the connection ends
    garbage,      // it is done, and the answer is none of AWS's
    half_answer,  // it is done, and the connection ends in the middle of the answer
};

// How one call is to go wrong.
struct Fate {
    Mishap mishap = Mishap::error;
    wire::ServiceError error; // of Mishap::error
    Millis delay{0};          // of slow and hang
};

// What a user asks for, in the words of the command line.
struct BreakOrder {
    std::string calls; // ssm:SendCommand, ecs:Describe*, ecs:*, *
    std::string how;   // 500, 503, throttle, slow=3s, hang, hang=30s, lost-request, lost-answer,
                       // garbage, half-answer, or an error code of AWS
    std::optional<std::int64_t> times; // only so many calls
    std::optional<std::int64_t> share; // so many of a hundred calls, picked at random
    std::optional<std::int64_t> seed;  // for the picking
    std::string lasting;               // only so long: "60s"; empty: until it is mended
    // Only calls of this user, role or role session (an instance's id); empty: of everybody.
    std::string caller;
    // The lab's own: nobody is told of it, and it is mended by its number alone.
    bool is_hidden = false;

    // From the members of a JSON object of the same names.
    [[nodiscard]] static Result<BreakOrder> read(const json::Object& object);
};

class Breakages {
public:
    static constexpr std::size_t count_max = 100;
    static constexpr Millis delay_max = std::chrono::hours(1);
    // Longer than any client waits for an answer.
    static constexpr Millis hang_unless_told = std::chrono::minutes(10);

    // The new one as describe() gives it; invalid_input when the order cannot be meant.
    [[nodiscard]] Result<json::Object> add(const BreakOrder& order, WallTime now);
    // The one with this number, or all of them that are not hidden. How many there were.
    std::size_t mend(std::optional<std::int64_t> id);

    // How this call is to go wrong: by the first one that is meant. Counts it.
    [[nodiscard]] std::optional<Fate> fate_of(const ApiCall& call);

    // What is broken now, oldest first: id, calls, how, hits, and what limits it.
    [[nodiscard]] json::Array describe(WallTime now);

private:
    struct Breakage {
        std::int64_t id = 0;
        BreakOrder order;
        Fate fate;
        std::string code; // of the error, where one was named
        std::optional<WallTime> until;
        std::int64_t hits = 0;
        std::mt19937_64 random;

        [[nodiscard]] bool is_over(WallTime now) const;
        [[nodiscard]] json::Object describe(WallTime now) const;
    };

    void forget_over(WallTime now);

    std::deque<Breakage> all_;
    std::int64_t last_id_ = 0;
};

// True if a caller goes by this name: that of a user or role, or of a role's session.
[[nodiscard]] bool is_called(const Principal& caller, std::string_view name);

// True if a pattern of calls is meant for this operation. What agents call (Poll, ec2messages:…) is
// meant only where it is named: with `*` a user wants to disturb people and their tools.
[[nodiscard]] bool
is_meant(std::string_view pattern, std::string_view service, std::string_view operation);

} // namespace squall::lab
