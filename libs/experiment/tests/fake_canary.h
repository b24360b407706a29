// A service that somebody asks in virtual time: what it answers, and after how long, a test says.
#pragma once

#include "fake_tasks.h"

namespace squall::experiment {

class FakeCanary final : public CanaryAsker {
public:
    explicit FakeCanary(VirtualClock& clock) : clock_(clock) {}

    void ask(const std::string& url, Millis limit) override {
        asked.emplace_back(url, clock_.wall());
        pending_ = answers();
        if (pending_->took > limit)
            pending_ = CanaryAnswer{.error = "timed out", .why = "it took too long", .took = limit};
        ready_at_ = clock_.now() + pending_->took;
    }

    std::optional<CanaryAnswer> take() override {
        if (!pending_ || clock_.now() < ready_at_) return std::nullopt;
        return std::exchange(pending_, std::nullopt);
    }

    void forget() override { pending_.reset(); }

    std::function<CanaryAnswer()> answers;
    std::vector<std::pair<std::string, WallTime>> asked;

private:
    VirtualClock& clock_;
    std::optional<CanaryAnswer> pending_;
    SteadyTime ready_at_;
};

// Where the faults' proxies are seen by the canary.
class CanaryWorld : public HttpWorld {
public:
    explicit CanaryWorld(const std::string& fault_name = "ecs-container-http-status-code")
        : HttpWorld(fault_name), canary(clock) {
        world.canary = &canary;
        canary.answers = [this] {
            return proxies.empty() ? normal : under_fault;
        };
    }

    RunResult run_with_canary(RawValues given = {}) {
        given.try_emplace("CANARY_URL", RawValue{"http://web.example/ping", "test"});
        return run(plan_of(std::move(given)).value());
    }

    // Of the verdict.
    [[nodiscard]] const json::Object& summary() const {
        return json::object_at(events.events.back().data, "canary");
    }

    // "200 3, 503 2" of a phase.
    [[nodiscard]] std::string outcomes(std::string_view phase) const {
        std::vector<std::string> parts;
        for (const auto& [outcome, count] :
             json::object_at(json::object_at(summary(), phase), "outcomes"))
            parts.push_back(fmt::format("{} {}", std::string_view(outcome), json::text(count)));
        return join(parts, ", ");
    }

    [[nodiscard]] std::vector<std::string> proof() const {
        std::vector<std::string> words;
        for (const auto& word : json::array_at(events.events.back().data, "proof"))
            words.emplace_back(json::string_of(word));
        return words;
    }

    [[nodiscard]] std::string warnings() const {
        std::string text;
        for (const auto& event : events.events) {
            if (event.kind == "warning") text += json::string_at(event.data, "text");
        }
        return text;
    }

    CanaryAnswer normal{.status = 200, .took = Millis(3), .body = "fine"};
    CanaryAnswer under_fault{.status = 503, .took = Millis(1), .body = "chaos"};
    FakeCanary canary;
};

} // namespace squall::experiment
