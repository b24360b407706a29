#include "announcement.h"

#include "faults/policy_names.h"
#include "fleet_times.h"
#include "squall/base/time_text.h"
#include "squall/monitor/event_parser.h"
#include "squall/wire/arn.h"

#include <fmt/format.h>

namespace squall::experiment {
namespace {

constexpr const char* tunable_name = "ANNOUNCE_BUS";
constexpr const char* put_events = "events:PutEvents";
constexpr const char* describe_bus = "events:DescribeEventBus";

} // namespace

TunableSpec announcement_tunable() {
    return {.name = tunable_name,
            .meaning = "an EventBridge bus (name or ARN) that is told of the run before the fault "
                       "and after it, so that a squall monitor expects it",
            .pattern = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,255}|arn:aws[a-z-]*:events:[a-z0-9-]+:"
                       "[0-9]{12}:event-bus/[A-Za-z0-9_.-]{1,256}",
            .pattern_meaning = "a bus's name (default, say) or its ARN (arn:aws:events:REGION:"
                               "ACCOUNT:event-bus/NAME)",
            .in_environment = false};
}

Problems check_announcement(const TunableValues& values) {
    const auto arn = wire::parse_arn(bus_of(values));
    if (!arn || arn->region == values.text("REGION")) return {};
    return {{values.all().at(tunable_name).source,
             fmt::format("the bus {} is in {}, and REGION is {}",
                         arn->id(),
                         arn->region,
                         values.text("REGION"))}};
}

// A plan in a journal may be of a squall that did not know it yet.
std::string bus_of(const TunableValues& values) {
    return values.has(tunable_name) ? values.text(tunable_name) : std::string();
}

void add_announcement(Plan& plan) {
    if (bus_of(plan.tunables).empty()) return;
    plan.permissions.insert(plan.permissions.end(), {put_events, describe_bus});
    plan.calls.push_back({describe_bus, 1});
    plan.calls.push_back({put_events, 2});
}

std::optional<json::Object> announcement_statement(const TunableValues& values) {
    const std::string bus = bus_of(values);
    if (bus.empty()) return std::nullopt;
    const PolicyNames names(values);
    return json::Object{
        {"Sid", "AnnounceTheRun"},
        {"Effect", "Allow"},
        {"Action", json::Array{put_events, describe_bus}},
        {"Resource",
         wire::parse_arn(bus) ? bus : names.arn("events", names.account, "event-bus/" + bus)}};
}

WallTime latest_end(const Plan& plan, const RunTimes& times, WallTime now) {
    WallTime end = now;
    // What FaultWindow waits for, of each wave: to order it, to hold it, and to see it well again.
    for (const auto& wave : plan.waves()) {
        const FleetTimes fleet = fleet_times(wave.size());
        end += plan.duration + times.grace + times.recovery_limit + 2 * fleet.sending
               + 2 * fleet.looking;
    }
    return end;
}

Result<void> Announcement::put(WallTime until, const std::stop_token& stop) {
    const std::string& run = events_.run();
    aws::EventEntry entry;
    entry.source = monitor::window_source;
    entry.detail_type = monitor::window_detail_type;
    entry.detail = monitor::window_detail({run,
                                           plan_.cluster,
                                           plan_.injected_ids(),
                                           *from_,
                                           until,
                                           fmt::format("squall run {}: {}", run, plan_.fault)});
    entry.resources = {plan_.cluster};
    const Deadline deadline = Deadline::at(world_.clock.now() + times_.call_limit);
    const auto failures =
        world_.events.put_events(bus_of(plan_.tunables), {&entry, 1}, deadline, stop);
    may_be_announced_ =
        may_be_announced_ || (failures ? failures->empty() : failures.error().may_have_arrived);
    return aws::all_taken(failures);
}

// The monitor's times are AWS's, and ours are to be the same.
WallTime Announcement::aws_now() const {
    return world_.clock.wall() + world_.events.server_ahead();
}

Result<void> Announcement::find_bus(const std::string& bus, const std::stop_token& stop) {
    const Deadline deadline = Deadline::at(world_.clock.now() + times_.call_limit);
    const auto found = world_.events.has_event_bus(bus, deadline, stop);
    if (!found) {
        events_.tell("warning",
                     {{"text",
                       fmt::format("whether there is a bus {} could not be looked up: {}; where "
                                   "there is none EventBridge takes the announcement and loses it",
                                   bus,
                                   aws::to_error(found.error()).message)}});
        return {};
    }
    if (*found) return {};
    return fail(Errc::not_found,
                "the run cannot be announced: there is no bus {}, and EventBridge would take the "
                "event and lose it; `aws events list-event-buses` has those that there are",
                bus);
}

Result<void> Announcement::begin(const std::stop_token& stop) {
    const std::string bus = bus_of(plan_.tunables);
    if (bus.empty()) return {};
    if (auto found = find_bus(bus, stop); !found) return found;
    from_ = aws_now();
    until_ = latest_end(plan_, times_, *from_);
    auto announced = put(until_, stop);
    if (!announced)
        return fail(fmt::format("the run could not be announced on the bus {} (needs {}; without "
                                "{} nothing is announced)",
                                bus,
                                put_events,
                                tunable_name),
                    announced.error());
    is_announced_ = true;
    events_.tell("announced", told());
    return {};
}

void Announcement::end(const std::stop_token& stop) {
    if (!may_be_announced_) return;
    const WallTime until = aws_now();
    const auto announced = put(until, stop);
    if (!announced) {
        if (is_announced_)
            events_.tell(
                "warning",
                {{"text",
                  fmt::format("the end of the run could not be announced on the bus {}: {}; a "
                              "monitor expects disconnections until {}: `squall monitor unmute {}` "
                              "ends that",
                              bus_of(plan_.tunables),
                              announced.error().message,
                              rfc3339_millis(until_),
                              events_.run())}});
        return;
    }
    until_ = until;
    is_over_ = true;
    if (is_announced_) events_.tell("announced", told());
}

json::Object Announcement::told() const {
    return {{"bus", bus_of(plan_.tunables)},
            {"from", rfc3339_millis(*from_)},
            {"until", rfc3339_millis(until_)},
            {"nodes", plan_.injected_ids().size()},
            {"over", is_over_}};
}

std::optional<json::Object> Announcement::summary() const {
    if (!is_announced_) return std::nullopt;
    return told();
}

} // namespace squall::experiment
