// Asks the canary of one run, tells what it answers (event "canary"), and compares: whether it was
// another during the fault than before. Without a URL, or nobody to ask, it does nothing. Nothing
// here waits while a fault is in.
#pragma once

#include "event_writer.h"
#include "squall/experiment/canary.h"
#include "squall/experiment/world.h"

#include <map>
#include <optional>
#include <stop_token>

namespace squall::experiment {

class Canary {
public:
    static constexpr int baseline = 3; // requests before the fault, and good ones after it
    static constexpr int after_max = 10;
    static constexpr Seconds after_limit{15};
    static constexpr Seconds interval{2}; // from request to request while the fault is held
    // How often the runner looks for an answer that is still to come.
    static constexpr Seconds look_interval{1};

    Canary(World& world, EventWriter& events, std::optional<CanarySettings> settings);

    // Waits for its answers. One that is not 2xx is a warning.
    void ask_before(const std::stop_token& stop);
    // To be called between looks while the fault is held; never waits.
    void hold();
    // When hold() has something to do again.
    [[nodiscard]] WallTime next_look() const;
    // The fault is about to be taken back: what is still under way says nothing of it.
    void let_go();
    // Waits for its answers until they are as before, or for too long: then it warns. Does nothing
    // where hold() never asked.
    void ask_after(const std::stop_token& stop);

    // An answer during the fault was another than all before it.
    [[nodiscard]] bool has_differed() const { return different_ > 0; }

    [[nodiscard]] bool has_asked_during() const { return has_asked_during_; }

    // Of the verdict event: nothing where there was no canary.
    [[nodiscard]] std::optional<json::Object> summary() const;

private:
    struct Phase {
        std::map<std::string, int> outcomes;
        Millis slowest{0};
    };

    [[nodiscard]] std::optional<CanaryAnswer> wait_for_answer(const std::stop_token& stop);
    void take(const char* name, Phase& phase, const CanaryAnswer& answer);
    [[nodiscard]] bool is_as_before(const CanaryAnswer& answer) const;
    [[nodiscard]] bool bears_mark(const CanaryAnswer& answer) const;

    World& world_;
    EventWriter& events_;
    std::optional<CanarySettings> settings_;
    Phase before_;
    Phase during_;
    Phase after_;
    int different_ = 0;
    bool was_marked_before_ = false; // the mark is none of the fault's then
    bool has_asked_during_ = false;
    bool is_asking_ = false;
    WallTime next_ask_; // while the fault is held
};

} // namespace squall::experiment
