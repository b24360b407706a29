#include "checks/unreadable_proxy.h"

#include "squall/doctor/proxy_secrets.h"

namespace squall::host {

doctor::Sign unreadable_proxy_sign(const ConfigLine& setting) {
    const std::string file = setting.place.substr(0, setting.place.find(':'));
    const bool is_of_unit = file.ends_with(".conf");
    auto found =
        sign("NET_PROXY",
             Certainty::certain,
             fmt::format("no proxy can be read out of {} in {}: its user or password has "
                         "characters that must be percent-encoded",
                         setting.name,
                         file),
             {evidence(setting.place, fmt::format("{} (its value is not shown)", setting.name))},
             {fmt::format("`sudoedit {}`, {}: {}", file, setting.name, doctor::how_to_encode_proxy),
              fmt::format("`sudo systemctl {}restart ecs`",
                          is_of_unit ? "daemon-reload; sudo systemctl " : "")});
    found.instead_of = Sign::all_steps;
    // The parts of the password that are taken for a host or a path bring about what logs say.
    found.is_root = true;
    return found;
}

} // namespace squall::host
