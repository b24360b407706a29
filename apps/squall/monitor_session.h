// AWS, as the monitor's commands get at it.
#pragma once

#include "squall/aws/session.h"

#include <memory>
#include <stop_token>
#include <string>

namespace squall::app {

[[nodiscard]] Result<std::unique_ptr<aws::Session>>
open_monitor_session(const std::string& region,
                     const std::string& role_arn,
                     Clock& clock,
                     const std::stop_token& stop);

} // namespace squall::app
