#include "squall/experiment/fault.h"

#include <algorithm>

namespace squall::experiment {

Result<std::map<std::string, std::string>> Fault::prepare(World& /*world*/,
                                                          const Plan& /*plan*/,
                                                          Deadline /*d*/,
                                                          std::stop_token /*s*/) const {
    return std::map<std::string, std::string>{};
}

std::optional<CanarySettings> Fault::canary(const Plan& /*plan*/) const { return std::nullopt; }

Result<std::vector<Target>> Fault::hosts_to_sweep(World& world,
                                                  const TunableValues& values,
                                                  Deadline deadline,
                                                  std::stop_token stop) const {
    auto planned = plan(world, values, deadline, stop);
    if (!planned) return fail(planned.error());
    return std::move(planned->targets);
}

const Fault* find_fault(const FaultTable& table, std::string_view name) {
    const auto found = std::find_if(table.begin(), table.end(), [&](const Fault* fault) {
        return fault->description().name == name;
    });
    return found == table.end() ? nullptr : *found;
}

std::vector<std::string> fault_names(const FaultTable& table) {
    std::vector<std::string> names;
    names.reserve(table.size());
    for (const Fault* fault : table)
        names.push_back(fault->description().name);
    return names;
}

} // namespace squall::experiment
