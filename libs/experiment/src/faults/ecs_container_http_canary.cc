// CANARY_URL: what is asked, and how the fault shows in the answers.
#include "faults/ecs_container_http.h"
#include "faults/ecs_container_http_tunables.h"

#include <algorithm>

namespace squall::experiment {
namespace {

constexpr Seconds answer_limit{5};
// However long the fault makes a client wait: nothing comes of a request that outlasts the fault.
constexpr Seconds patience_max{30};

} // namespace

Millis EcsContainerHttp::canary_patience(const TunableValues& values) const {
    Millis patience = answer_limit;
    for (const auto* kind : kinds_of(values)) {
        for (const auto& name : kind->waits)
            patience += Millis(values.number(name));
    }
    return std::min<Millis>(patience, patience_max);
}

std::optional<CanarySettings> EcsContainerHttp::canary(const Plan& plan) const {
    // A plan in a journal may be of a squall that did not know it yet.
    if (!plan.tunables.has("CANARY_URL") || plan.tunables.text("CANARY_URL").empty())
        return std::nullopt;
    CanarySettings settings{.url = plan.tunables.text("CANARY_URL"),
                            .limit = answer_limit,
                            .patience = canary_patience(plan.tunables)};
    std::vector<decltype(HttpKind::marks)> marks;
    for (const auto* kind : kinds_of(plan.tunables)) {
        if (kind->marks != nullptr) marks.push_back(kind->marks);
    }
    if (!marks.empty())
        settings.bears_mark = [marks, values = plan.tunables](const CanaryAnswer& answer) {
            return std::any_of(
                marks.begin(), marks.end(), [&](auto mark) { return mark(values, answer); });
        };
    return settings;
}

} // namespace squall::experiment
