// AWS's request rates: a bucket of tokens for each group of operations, in each region (the lab has
// one account). Every call takes a token; the bucket is refilled once a second. Numbers: "Request
// throttling for the Amazon ECS API" and "Request throttling for the Amazon EC2 API". STS has 600
// calls a second. Systems Manager's and IAM's rates are not published: they are never throttled
// here
// (`squall lab api break ssm:SendCommand throttle` does that by hand).
#pragma once

#include "api/call.h"

namespace squall::lab {

class Throttle {
public:
    [[nodiscard]] bool is_on() const { return is_on_; }

    // Full buckets whenever it is turned on.
    void turn(bool on);

    // Takes the call's token; AWS's error where there is none left. Nothing happens while it is
    // off.
    [[nodiscard]] std::optional<wire::ServiceError> refusal(const ApiCall& call);

private:
    struct Bucket {
        std::int64_t tokens = 0;
        WallTime refilled_at; // whole seconds after the first call
    };

    bool is_on_ = false;
    // By region and group; both are limited, by the regions of the lab and the table.
    std::map<std::pair<std::string, std::string_view>, Bucket> buckets_;
};

} // namespace squall::lab
