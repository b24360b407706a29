// Tells a bus of EventBridge which hosts a run is about to break, until when, and that it is over:
// a squall monitor expects these disconnections then. Opt-in, by ANNOUNCE_BUS.
#pragma once

#include "event_writer.h"
#include "squall/experiment/plan.h"
#include "squall/experiment/problem.h"
#include "squall/experiment/runner.h"
#include "squall/experiment/world.h"

#include <optional>
#include <stop_token>

namespace squall::experiment {

// ANNOUNCE_BUS
[[nodiscard]] TunableSpec announcement_tunable();

// The bus is of the region of the run.
[[nodiscard]] Problems check_announcement(const TunableValues& values);

// The bus that these values name; empty: nothing is announced.
[[nodiscard]] std::string bus_of(const TunableValues& values);

// The calls, and the permission, that a run needs for it.
void add_announcement(Plan& plan);

// What IAM allows it by; nothing where no bus is named.
[[nodiscard]] std::optional<json::Object> announcement_statement(const TunableValues& values);

// When the last wave is over at the latest, recovery included, of a run that begins now.
[[nodiscard]] WallTime latest_end(const Plan& plan, const RunTimes& times, WallTime now);

// The announcement of one run. One thread.
class Announcement {
public:
    Announcement(World& world, const Plan& plan, EventWriter& events, const RunTimes& times)
        : world_(world), plan_(plan), events_(events), times_(times) {}

    // Before the first order. An error: nobody knows of the run, and it must not begin.
    [[nodiscard]] Result<void> begin(const std::stop_token& stop);

    // When the run is over. That it could not be told is a warning: the window then ends by itself.
    void end(const std::stop_token& stop);

    // For the verdict; nothing where nothing was announced.
    [[nodiscard]] std::optional<json::Object> summary() const;

private:
    [[nodiscard]] WallTime aws_now() const;
    // An error where it is not there.
    [[nodiscard]] Result<void> find_bus(const std::string& bus, const std::stop_token& stop);
    [[nodiscard]] Result<void> put(WallTime until, const std::stop_token& stop);
    [[nodiscard]] json::Object told() const;

    World& world_;
    const Plan& plan_;
    EventWriter& events_;
    const RunTimes& times_;
    std::optional<WallTime> from_;
    WallTime until_;
    bool is_announced_ = false;
    bool may_be_announced_ = false; // the answer may only have been lost
    bool is_over_ = false;
};

} // namespace squall::experiment
