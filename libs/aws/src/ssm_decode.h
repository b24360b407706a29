// SSM's JSON as values.
#pragma once

#include "squall/aws/ssm.h"

namespace squall::aws {

[[nodiscard]] InstanceInformation decode_instance_information(const json::Value& value);
// An entry of ListCommandInvocations.
[[nodiscard]] CommandInvocation decode_listed_invocation(const json::Value& value);
// The answer of GetCommandInvocation.
[[nodiscard]] CommandInvocation decode_single_invocation(const json::Value& value);

} // namespace squall::aws
