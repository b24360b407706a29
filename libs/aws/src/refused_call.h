// What only the caller knows about a call that AWS refused: what it asked for, with which keys, and
// by which clock.
#pragma once

#include "squall/aws/credentials.h"
#include "squall/aws/error.h"
#include "squall/aws/service.h"
#include "squall/wire/http_message.h"

#include <string>
#include <string_view>

namespace squall::aws {

struct RefusedCall {
    ServiceId id;
    std::string_view body;
    std::string_view region;
    const Credentials& used;
    const wire::Headers& answer; // of AWS, with its Date
    WallTime signed_at;          // as it was signed: corrected by what was known of AWS's clock
    WallTime local_time;         // of this machine
};

// Completes hint and statement of a refusal. Other errors stay as they are.
void explain_refused_call(ApiError& error, const RefusedCall& call);

// "7m behind AWS's", where `ahead` is how far AWS's clock is ahead of this machine's.
[[nodiscard]] std::string clock_difference_text(Wall::duration ahead);

} // namespace squall::aws
