// What topics send to HTTP endpoints, until it is sent: whoever has a loop takes what is due and
// says what failed. Values only. AWS's own delivery policy: three more attempts, 20 s apart.
#pragma once

#include "squall/base/clock.h"
#include "squall/wire/http_message.h"

#include <deque>
#include <vector>

namespace squall::lab::sns {

struct Post {
    wire::Url url;
    wire::HttpRequest request;
    WallTime due;
    int attempts = 0; // that failed
};

class Outbox {
public:
    static constexpr std::size_t posts_max = 10'000; // more are dropped
    static constexpr int attempts_max = 4;
    static constexpr Seconds retry_delay{20};

    void add(Post post);
    [[nodiscard]] std::vector<Post> take_due(WallTime now);
    // Tries again later, or gives up.
    void failed(Post post, WallTime now);

private:
    std::deque<Post> posts_;
};

} // namespace squall::lab::sns
