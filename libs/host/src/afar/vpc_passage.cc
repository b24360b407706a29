#include "afar/vpc.h"

namespace squall::host {

const std::array<EcsService, 3>& ecs_services() {
    static const std::array<EcsService, 3> services{
        EcsService{"api",
                   "ecs",
                   "ECS's API",
                   "NET_API_TIMEOUT",
                   {"ecs:RegisterContainerInstance", "ecs:DiscoverPollEndpoint"}},
        EcsService{"acs", "ecs-agent", "ACS", "NET_ACS_BLOCKED", {"ecs:Poll"}},
        EcsService{
            "tcs", "ecs-telemetry", "telemetry", "NET_TCS_ONLY", {"ecs:StartTelemetrySession"}}};
    return services;
}

Passage open_way() { return {}; }

Passage unknown_way(std::string why) {
    Passage passage;
    passage.way = Passage::Way::unknown;
    passage.why = std::move(why);
    return passage;
}

Passage closed_way(std::string why, Evidence seen, std::vector<std::string> remedy) {
    Passage passage;
    passage.way = Passage::Way::closed;
    passage.why = std::move(why);
    passage.seen.push_back(std::move(seen));
    passage.remedy = std::move(remedy);
    return passage;
}

Passage unanswered(const aws::ApiError& error) {
    if (error.kind == Errc::denied)
        return unknown_way(fmt::format(
            "{} was refused ({}): that permission is missing", error.operation, error.code));
    return unknown_way(aws::to_error(error).message);
}

} // namespace squall::host
