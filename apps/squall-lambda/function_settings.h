// What the template sets of the function: environment variables, each with a line in
// docs/monitor-deploy.md.
#pragma once

#include "squall/aws/environment.h"
#include "squall/monitor/settings.h"
#include "squall/wire/http_message.h"

#include <optional>
#include <string>

namespace squall::app {

struct FunctionSettings {
    monitor::Settings judgement;
    std::string table;
    std::string topic_arn;            // empty: no topic
    std::optional<wire::Url> webhook; // nothing: none

    [[nodiscard]] static Result<FunctionSettings> read(const aws::Environment& environment);
};

} // namespace squall::app
