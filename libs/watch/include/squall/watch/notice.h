// A decision as others read it: people, through SNS; programs, through webhooks and hooks.
#pragma once

#include "squall/base/json.h"
#include "squall/monitor/decision.h"

#include <string>

namespace squall::watch {

struct Notice {
    // The same for every copy of this telling, and for no other: receivers that keep it see each
    // notice once.
    std::string idempotency_key;
    std::string subject;
    std::string body;    // for people, several lines
    json::Object object; // for programs: docs/monitor.md describes its members
};

[[nodiscard]] Notice notice_of(const monitor::Decision& decision);

} // namespace squall::watch
