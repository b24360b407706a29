#include "squall/experiment/fault.h"

#include <algorithm>

namespace squall::experiment {

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
