#include "squall/experiment/fault.h"

#include <algorithm>

namespace squall::experiment {

const Fault* find_fault(const FaultTable& table, std::string_view name) {
    const auto found = std::find_if(table.begin(), table.end(), [&](const Fault* fault) {
        return fault->description().name == name;
    });
    return found == table.end() ? nullptr : *found;
}

} // namespace squall::experiment
