#include "checks/own_setting.h"

namespace squall::host {

void tell_own_setting(const ConfigLine* line, std::string_view instead, Sign& sign) {
    if (line == nullptr || line->value.empty()) return;
    sign.evidence.push_back(evidence(line->place, line->name + "=" + line->value));
    sign.remedy.insert(sign.remedy.begin(),
                       fmt::format("{} in /etc/ecs/ecs.config is {}: mend it, or take the line out "
                                   "for {}; then `sudo systemctl restart ecs`",
                                   line->name,
                                   line->value,
                                   instead));
}

} // namespace squall::host
