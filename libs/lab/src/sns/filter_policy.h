// A subscription's FilterPolicy over message attributes: which messages it wants. Values only.
#pragma once

#include "squall/base/json.h"

namespace squall::lab::sns {

class FilterPolicy {
public:
    // Exact values, prefix, suffix, anything-but, equals-ignore-case, numeric and exists. The
    // message of an error is what SNS says after "Invalid parameter: FilterPolicy: ".
    [[nodiscard]] static Result<FilterPolicy> parse(std::string_view text);

    // True for the MessageAttributes of a message that the subscription wants.
    [[nodiscard]] bool wants(const json::Object& attributes) const;

private:
    explicit FilterPolicy(json::Object policy) : policy_(std::move(policy)) {}

    json::Object policy_;
};

} // namespace squall::lab::sns
