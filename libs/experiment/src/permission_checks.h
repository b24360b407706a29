// Asks AWS for one permission at a time, without doing anything: reads are made as they are,
// commands are given to an instance, and asked after by an id, that do not exist.
#pragma once

#include "squall/experiment/check.h"
#include "squall/experiment/plan.h"
#include "squall/experiment/world.h"

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

namespace squall::experiment {

// Access is decided before the rest of a request is looked at: whoever is told that there is no
// such thing was allowed to ask.
[[nodiscard]] bool was_allowed(const aws::ApiError& error);

class PermissionChecks {
public:
    static constexpr const char* no_instance = "i-00000000000000000";

    PermissionChecks(World& world, Deadline deadline, std::stop_token stop)
        : world_(world), deadline_(deadline), stop_(std::move(stop)) {}

    // What came of a call that needs this permission. The reference lives until the next one.
    template <class T>
    CheckItem& take(const std::string& action, const aws::Outcome<T>& outcome) {
        items_.push_back(outcome ? CheckItem{action, CheckItem::State::good, "", "", true}
                                 : item_of(action, outcome.error()));
        return items_.back();
    }

    // What every fault does to hosts: see them through SSM, command them, follow the commands.
    void look_at_commands();

    // Where a run is to be announced: whether events may be put on that bus.
    void look_at_bus(const TunableValues& values);

    std::vector<CheckItem> items_so_far() { return std::move(items_); }

private:
    static CheckItem item_of(const std::string& action, const aws::ApiError& error);

    World& world_;
    Deadline deadline_;
    std::stop_token stop_;
    std::vector<CheckItem> items_;
};

// Looks in turn at credentials, permissions, and, where those are there, the plan. `permissions`
// and `plan` ask; `add` says what a plan holds.
struct LookBeforehand {
    std::function<std::vector<CheckItem>()> permissions;
    std::function<Result<Plan>()> plan;
    std::function<void(const Plan& plan, std::vector<CheckItem>& items)> add;
};

[[nodiscard]] std::vector<CheckItem> look_in_turn(World& world,
                                                  const LookBeforehand& look,
                                                  Deadline deadline,
                                                  const std::stop_token& stop);

// Targets that are left out, and what speaks against the fault.
void add_what_hinders(const Plan& plan, std::vector<CheckItem>& items);

} // namespace squall::experiment
