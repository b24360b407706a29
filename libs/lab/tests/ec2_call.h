// Calls of EC2 as a user of the test's account makes them.
#pragma once

#include "api/call.h"

#include <string>
#include <utility>
#include <vector>

namespace squall::lab::ec2 {

using FormMembers = std::vector<std::pair<std::string, std::string>>;

[[nodiscard]] inline ApiCall
ec2_call(const std::string& operation, const FormMembers& form, WallTime now) {
    ApiCall made;
    made.service = "ec2";
    made.operation = operation;
    made.region = "us-east-1";
    made.protocol = wire::Protocol::ec2;
    made.caller.arn = "arn:aws:iam::123456789012:user/test";
    made.now = now;
    for (const auto& [name, value] : form)
        made.form.add(name, value);
    return made;
}

} // namespace squall::lab::ec2
