#include "canary.h"

namespace squall::experiment {
namespace {

constexpr Millis answer_poll{50};
// An asker keeps its own limit; this much later it is not waited for any more.
constexpr Seconds answer_grace{2};
constexpr Seconds after_pause{1};

// "HTTP 502", "timed out (…)".
std::string outcome_text(const CanaryAnswer& answer) {
    return answer.status != 0 ? "HTTP " + answer.outcome()
                              : fmt::format("{} ({})", answer.outcome(), answer.why);
}

} // namespace

Canary::Canary(World& world, EventWriter& events, std::optional<CanarySettings> settings)
    : world_(world), events_(events), settings_(std::move(settings)) {
    if (world_.canary == nullptr) settings_.reset();
}

bool Canary::bears_mark(const CanaryAnswer& answer) const {
    return settings_->bears_mark && answer.status != 0 && settings_->bears_mark(answer);
}

bool Canary::is_as_before(const CanaryAnswer& answer) const {
    return before_.outcomes.contains(answer.outcome())
           && (was_marked_before_ || !bears_mark(answer));
}

void Canary::take(const char* name, Phase& phase, const CanaryAnswer& answer) {
    ++phase.outcomes[answer.outcome()];
    phase.slowest = std::max(phase.slowest, answer.took);
    json::Object data{{"phase", name}, {"ms", answer.took.count()}};
    if (answer.status != 0)
        data["status"] = answer.status;
    else
        data["error"] = fmt::format("{}: {}", answer.error, answer.why);
    if (&phase == &during_) {
        // Against nothing nothing can be held.
        const bool differs = !before_.outcomes.empty() && !is_as_before(answer);
        if (differs) ++different_;
        data["differs"] = differs;
    }
    events_.tell("canary", std::move(data));
}

std::optional<CanaryAnswer> Canary::wait_for_answer(const std::stop_token& stop) {
    Clock& clock = world_.clock;
    const SteadyTime began = clock.now();
    world_.canary->ask(settings_->url, settings_->limit);
    while (true) {
        if (auto answer = world_.canary->take()) return answer;
        const bool is_late = clock.now() - began > settings_->limit + answer_grace;
        if (!is_late && clock.wait_for(answer_poll, stop)) continue;
        world_.canary->forget();
        if (!is_late) return std::nullopt;
        return CanaryAnswer{.error = "timed out",
                            .why = "nothing was heard of the request",
                            .took = settings_->limit};
    }
}

void Canary::ask_before(const std::stop_token& stop) {
    for (int asked = 0; settings_ && asked < baseline; ++asked) {
        const auto answer = wait_for_answer(stop);
        if (!answer) return;
        was_marked_before_ = was_marked_before_ || bears_mark(*answer);
        take("before", before_, *answer);
        if (answer->status / 100 == 2) continue;
        // The same answer once more would tell nobody more.
        return events_.tell(
            "warning",
            {{"text",
              fmt::format("the canary does not answer well before the fault: {}; what it answers "
                          "during the fault may say little: see CANARY_URL",
                          outcome_text(*answer))}});
    }
}

void Canary::hold() {
    if (!settings_) return;
    const WallTime now = world_.clock.wall();
    if (is_asking_) {
        const auto answer = world_.canary->take();
        if (!answer) return;
        is_asking_ = false;
        take("during", during_, *answer);
    }
    if (now < next_ask_) return;
    world_.canary->ask(settings_->url, settings_->patience);
    is_asking_ = has_asked_during_ = true;
    next_ask_ = now + interval;
}

WallTime Canary::next_look() const {
    if (!settings_) return WallTime::max();
    return is_asking_ ? world_.clock.wall() + look_interval : next_ask_;
}

void Canary::let_go() {
    if (!settings_ || !is_asking_) return;
    if (const auto answer = world_.canary->take()) take("during", during_, *answer);
    world_.canary->forget();
    is_asking_ = false;
    next_ask_ = WallTime{};
}

void Canary::ask_after(const std::stop_token& stop) {
    if (!settings_ || !has_asked_during_) return;
    Clock& clock = world_.clock;
    const SteadyTime give_up = clock.now() + after_limit;
    int good = 0;
    std::optional<CanaryAnswer> last;
    for (int asked = 0; asked < after_max && good < baseline && clock.now() < give_up; ++asked) {
        // A load balancer needs a while to trust its targets again.
        if (last && good == 0 && !clock.wait_for(after_pause, stop)) return;
        last = wait_for_answer(stop);
        if (!last) return;
        take("after", after_, *last);
        good = is_as_before(*last) ? good + 1 : 0;
    }
    if (good == 0 && last)
        events_.tell(
            "warning",
            {{"text",
              fmt::format("the canary is not as it was before the fault: {} in {} ms; a load "
                          "balancer may need its time to trust the tasks again",
                          outcome_text(*last),
                          last->took.count())}});
}

std::optional<json::Object> Canary::summary() const {
    if (!settings_) return std::nullopt;
    const auto to_json = [](const Phase& phase) {
        json::Object outcomes;
        for (const auto& [outcome, count] : phase.outcomes)
            outcomes[outcome] = count;
        return json::Object{{"outcomes", std::move(outcomes)},
                            {"slowest_ms", phase.slowest.count()}};
    };
    return json::Object{{"url", settings_->url},
                        {"before", to_json(before_)},
                        {"during", to_json(during_)},
                        {"after", to_json(after_)},
                        {"different", different_},
                        {"differed", has_differed()}};
}

} // namespace squall::experiment
