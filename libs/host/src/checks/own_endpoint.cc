#include "checks/own_endpoint.h"

namespace squall::host {

void tell_own_endpoint(const std::optional<ConfigLine>& line, Sign& unreached) {
    if (!line || line->value.empty()) return;
    unreached.evidence.push_back(evidence(line->place, "ECS_BACKEND_HOST=" + line->value));
    unreached.remedy.insert(
        unreached.remedy.begin(),
        fmt::format("ECS_BACKEND_HOST in /etc/ecs/ecs.config is {}: mend it, or take the line out "
                    "for AWS's own endpoint; then `sudo systemctl restart ecs`",
                    line->value));
}

void tell_own_authorities(const std::optional<ConfigLine>& line, Sign& untrusted) {
    if (!line || line->value.empty()) return;
    untrusted.evidence.push_back(evidence(line->place, "SSL_CERT_FILE=" + line->value));
    untrusted.remedy.insert(
        untrusted.remedy.begin(),
        fmt::format("SSL_CERT_FILE in /etc/ecs/ecs.config is {}: mend it, or take the line out for "
                    "the host's own authorities; then `sudo systemctl restart ecs`",
                    line->value));
}

} // namespace squall::host
