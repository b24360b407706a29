#include "ecs/health_check.h"

#include "api/call.h"

#include <array>

namespace squall::lab::ecs {
namespace {

struct Limits {
    const char* name;
    std::int64_t least;
    std::int64_t most;
    std::optional<std::int64_t> otherwise; // what AWS puts where nothing is said
};

constexpr std::array limits{
    Limits{"interval", 5, 300, 30},
    Limits{"timeout", 2, 60, 5},
    Limits{"retries", 1, 10, 3},
    Limits{"startPeriod", 0, 300, std::nullopt},
};

} // namespace

Found<void> check_health_check(const json::Value& container) {
    const json::Value& check = json::at(container, "healthCheck");
    if (!check.is_object()) return {};
    const std::string_view name = json::string_at(container, "name");
    const json::Array& command = json::array_at(check, "command");
    if (command.empty() || json::string_of(command.front()).empty())
        return refuse(
            "ClientException",
            fmt::format("Container.healthCheck.command should not be null or empty: {}", name));
    for (const auto& limit : limits) {
        if (json::at(check, limit.name).is_null()) continue;
        const auto value = json::integer_at(check, limit.name, -1);
        if (value < limit.least || value > limit.most)
            return refuse("ClientException",
                          fmt::format("Invalid setting for container '{}'. 'healthCheck.{}' must "
                                      "be between {} and {}.",
                                      name,
                                      limit.name,
                                      limit.least,
                                      limit.most));
    }
    return {};
}

void put_health_check_defaults(json::Object& container) {
    auto* check = container["healthCheck"].if_object();
    if (check == nullptr) {
        container.erase("healthCheck");
        return;
    }
    for (const auto& limit : limits) {
        if (limit.otherwise && json::at(*check, limit.name).is_null())
            (*check)[limit.name] = *limit.otherwise;
    }
}

} // namespace squall::lab::ecs
