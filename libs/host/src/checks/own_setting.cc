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

void tell_proxy_of_unit(const ConfigLine* line, Sign& sign) {
    if (line == nullptr || sign.cause != "NET_PROXY") return;
    const std::string file = line->place.substr(0, line->place.find(':'));
    if (!file.ends_with(".conf")) return;
    sign.instead_of = 1;
    sign.remedy.insert(sign.remedy.begin(),
                       fmt::format("{} is set in {}: host, port, user and password there; then "
                                   "`sudo systemctl daemon-reload; sudo systemctl restart ecs`",
                                   line->name,
                                   file));
}

void tell_unreadable_authorities(const std::string& file, const ConfigLine* own, Sign& sign) {
    if (!file.starts_with('/')) return;
    sign.instead_of = Sign::all_steps;
    if (own != nullptr && !own->value.empty()) return;
    sign.remedy.push_back(fmt::format(
        "`sudo openssl x509 -noout -in {}` says what is wrong with it: it is cut short, "
        "empty, or not there",
        file));
    sign.remedy.emplace_back(
        "make it anew: `sudo yum reinstall ca-certificates; sudo update-ca-trust` (Debian: `sudo "
        "update-ca-certificates --fresh`); then `sudo systemctl restart ecs`");
}

} // namespace squall::host
