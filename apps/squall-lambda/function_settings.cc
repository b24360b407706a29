#include "function_settings.h"

#include "squall/base/text.h"

namespace squall::app {
namespace {

constexpr std::int64_t seconds_max = 7 * 86400;

Result<void> read_seconds(const aws::Environment& environment, const char* name, Seconds& into) {
    const auto text = environment.get(name);
    if (!text) return {};
    const auto seconds = to_integer(*text);
    if (!seconds || *seconds < 0 || *seconds > seconds_max)
        return fail(Errc::invalid_input, "{}={}: seconds, from 0 to {}", name, *text, seconds_max);
    into = Seconds(*seconds);
    return {};
}

} // namespace

Result<FunctionSettings> FunctionSettings::read(const aws::Environment& environment) {
    FunctionSettings settings;
    settings.table = environment.get_or("SQUALL_TABLE", "");
    if (settings.table.empty())
        return fail(Errc::invalid_input,
                    "SQUALL_TABLE is not set: the name of the DynamoDB table that keeps the "
                    "monitor's state");
    settings.topic_arn = environment.get_or("SQUALL_TOPIC_ARN", "");
    if (const auto webhook = environment.get("SQUALL_WEBHOOK_URL")) {
        auto url = wire::parse_url(*webhook);
        // The URL may hold a secret.
        if (!url) return fail(Errc::invalid_input, "SQUALL_WEBHOOK_URL is no URL");
        settings.webhook = std::move(*url);
    }
    monitor::Settings& judgement = settings.judgement;
    judgement.cluster_tag = environment.get("SQUALL_CLUSTER_TAG");

    struct Variable {
        const char* name;
        Seconds& into;
    };

    for (const auto& variable : {Variable{"SQUALL_GRACE_SECONDS", judgement.grace},
                                 Variable{"SQUALL_BOOT_GRACE_SECONDS", judgement.boot_grace},
                                 Variable{"SQUALL_HOLD_SECONDS", judgement.hold},
                                 Variable{"SQUALL_REMIND_SECONDS", judgement.remind}}) {
        if (auto read = read_seconds(environment, variable.name, variable.into); !read)
            return fail(read.error());
    }
    auto rungs = monitor::parse_rungs(environment.get_or("SQUALL_ACTIONS", ""));
    if (!rungs) return fail("SQUALL_ACTIONS", rungs.error());
    judgement.actions = std::move(*rungs);
    return settings;
}

} // namespace squall::app
