// The conditions of a policy's statement. Values only.
#pragma once

#include "squall/base/json.h"

#include <map>
#include <string>
#include <vector>

namespace squall::lab::iam {

// What is known of a request: aws:PrincipalArn, ecs:cluster, … Keys in lower case, as IAM compares
// them.
using Context = std::map<std::string, std::string, std::less<>>;

struct Condition {
    enum class Test { text, text_ignoring_case, text_pattern, arn, boolean, null };

    Test test = Test::text;
    bool is_negated = false; // StringNotEquals and its like
    bool if_exists = false;  // …IfExists: true where the request has no such key
    std::string key;         // lower case
    std::vector<std::string> values;
};

// One operator of a Condition block with its keys: String*, Arn*, Bool and Null, each with or
// without IfExists. Others (Numeric*, Date*, IpAddress, ForAllValues:…) are an error: to overlook
// one would make a policy allow more, or less, than it says.
[[nodiscard]] Result<std::vector<Condition>> parse_conditions(std::string_view test_name,
                                                              const json::Value& keys);

[[nodiscard]] bool holds(const Condition& condition, const Context& context);

// ARNs with wildcards, as ArnLike and principals take them: each of the six parts for itself.
[[nodiscard]] bool matches_arn(std::string_view pattern, std::string_view arn);

} // namespace squall::lab::iam
