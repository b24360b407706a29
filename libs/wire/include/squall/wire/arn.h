// Amazon Resource Names.
#pragma once

#include "squall/base/result.h"

#include <string>
#include <string_view>

namespace squall::wire {

struct Arn {
    std::string partition; // aws, aws-cn, aws-us-gov, …
    std::string service;
    std::string region;   // empty for global services
    std::string account;  // empty for AWS's own resources
    std::string resource; // everything after the fifth colon: "cluster/demo", "role/name"

    [[nodiscard]] std::string text() const;
    // What follows the last '/' of the resource: the short id that most ECS calls accept too.
    [[nodiscard]] std::string_view id() const;
};

[[nodiscard]] Result<Arn> parse_arn(std::string_view text);

} // namespace squall::wire
