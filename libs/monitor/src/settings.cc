#include "squall/monitor/settings.h"

#include "squall/base/text.h"

#include <algorithm>

namespace squall::monitor {

std::string_view text(Rung rung) {
    switch (rung) {
    case Rung::diagnose:
        return "diagnose";
    case Rung::restart_agent:
        return "restart-agent";
    case Rung::restart_docker:
        return "restart-docker";
    case Rung::drain:
        return "drain";
    case Rung::terminate:
        return "terminate";
    }
    return "";
}

Result<std::vector<Rung>> parse_rungs(std::string_view list) {
    std::vector<Rung> rungs;
    for (const auto& word : split(list, ',')) {
        const std::string_view name = trimmed(word);
        if (name.empty()) continue;
        const auto* const found = std::find_if(
            all_rungs.begin(), all_rungs.end(), [&](Rung rung) { return text(rung) == name; });
        if (found == all_rungs.end()) {
            std::vector<std::string> names;
            for (const Rung rung : all_rungs)
                names.emplace_back(text(rung));
            return fail(Errc::invalid_input,
                        "there is no action '{}': they are {}",
                        name,
                        join(names, ", "));
        }
        if (std::find(rungs.begin(), rungs.end(), *found) == rungs.end()) rungs.push_back(*found);
    }
    std::sort(rungs.begin(), rungs.end());
    return rungs;
}

} // namespace squall::monitor
