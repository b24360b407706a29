#include "monitor_settings.h"

#include "squall/base/log.h"
#include "squall/base/time_text.h"

namespace squall::app {
namespace {

constexpr Seconds setting_max{7 * 86400};

Result<Seconds> duration_of(const char* option, const std::string& text, Seconds least) {
    const auto read = parse_duration(text);
    if (!read) return fail(option, read.error());
    const auto seconds = std::chrono::duration_cast<Seconds>(*read);
    if (seconds < least || seconds > setting_max || seconds != *read)
        return fail(Errc::invalid_input,
                    "{}: whole seconds, from {} to {}, not {}",
                    option,
                    short_duration(least),
                    short_duration(setting_max),
                    text);
    return seconds;
}

} // namespace

Result<monitor::Settings> monitor_settings(const MonitorSettingsArguments& arguments) {
    monitor::Settings settings;

    struct Option {
        const char* name;
        const std::string& text;
        Seconds least;
        Seconds& into;
    };

    for (const auto& option :
         {Option{"--grace", arguments.grace, Seconds(1), settings.grace},
          Option{"--boot-grace", arguments.boot_grace, Seconds(0), settings.boot_grace},
          Option{"--hold", arguments.hold, Seconds(0), settings.hold},
          Option{"--remind", arguments.remind, Seconds(10), settings.remind}}) {
        const auto read = duration_of(option.name, option.text, option.least);
        if (!read) return fail(read.error());
        option.into = *read;
    }
    auto rungs = monitor::parse_rungs(arguments.actions);
    if (!rungs) return fail("--actions", rungs.error());
    settings.actions = std::move(*rungs);
    if (!arguments.cluster_tag.empty()) settings.cluster_tag = arguments.cluster_tag;
    if (settings.grace < monitor::Settings::grace_advised_min)
        log::warning("--grace {}: a healthy agent can need up to {} s to be back; below that there "
                     "will be false alarms",
                     short_duration(settings.grace),
                     monitor::Settings::grace_advised_min.count());
    return settings;
}

} // namespace squall::app
