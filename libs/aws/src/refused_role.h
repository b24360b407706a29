// What has to change where AWS does not let somebody become a role.
#pragma once

#include "squall/aws/error.h"

#include <string_view>

namespace squall::aws {

// Fills hint and statement of a refused sts:AssumeRole: whose trust policy has to name whom, unless
// AWS says that it is another policy. Other errors stay as they are. `external_id` is what was
// sent; empty: none.
void explain_refused_role(ApiError& error, std::string_view role_arn, std::string_view external_id);

} // namespace squall::aws
