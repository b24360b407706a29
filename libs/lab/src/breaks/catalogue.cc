#include "breaks/catalogue.h"

#include "breaks/families.h"
#include "squall/base/text.h"

namespace squall::lab::breaks {

const std::vector<Cause>& catalogue() {
    static const std::vector<Cause> all = [] {
        std::vector<Cause> causes;
        for (const auto& family : {agent_causes(),
                                   resource_causes(),
                                   configuration_causes(),
                                   identity_causes(),
                                   credential_causes(),
                                   metadata_causes(),
                                   init_causes(),
                                   network_causes(),
                                   vpc_causes(),
                                   proxy_causes(),
                                   trust_causes(),
                                   state_causes()})
            causes.insert(causes.end(), family.begin(), family.end());
        return causes;
    }();
    return all;
}

Result<const Cause*> cause_named(std::string_view name) {
    std::vector<std::string> names;
    for (const Cause& cause : catalogue()) {
        if (equal_ignoring_case(cause.name(), name)) return &cause;
        names.push_back(lower(cause.name()));
    }
    const auto meant = nearest(lower(name), names);
    if (!meant)
        return fail(Errc::not_found,
                    "'{}' is no cause that the lab can make true: `squall lab break --list` shows "
                    "them",
                    name.substr(0, 80));
    for (const Cause& cause : catalogue()) {
        if (lower(cause.name()) == *meant)
            return fail(
                Errc::not_found,
                "'{}' is no cause that the lab can make true; did you mean {}? (`squall lab "
                "break --list` shows all)",
                name.substr(0, 80),
                cause.name());
    }
    return fail(Errc::not_found, "'{}' is no cause that the lab can make true", name.substr(0, 80));
}

} // namespace squall::lab::breaks
