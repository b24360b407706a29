#include "squall/monitor/simulation.h"

#include "scenario.h"
#include "simulated_world.h"
#include "squall/monitor/event_parser.h"
#include "squall/monitor/reduce.h"
#include "squall/monitor/saved_state.h"

#include <random>

namespace squall::monitor {
namespace {

constexpr std::uint64_t seed = 20'160'606;
constexpr Seconds poll_interval{60};
constexpr int poll_jitter_s = 6;

// Reads back what it writes: what a process that was killed finds in its store.
Result<State> reborn(const State& state) {
    State next;
    std::map<std::string, json::Object> hosts;
    state.for_each_host([&](const Host& host) { hosts[host.key] = saved(host); });
    if (auto done = restore_rest(next, saved_rest(state)); !done) return fail(done.error());
    for (const auto& [key, row] : hosts) {
        if (auto done = restore_host(next, row); !done) return fail(done.error());
    }
    for (const auto& [id, incident] : state.incidents()) {
        if (auto done = restore_incident(next, saved(incident)); !done) return fail(done.error());
    }
    return Result<State>(std::move(next));
}

class Simulation {
public:
    Simulation(const SimulationOptions& options, const Complain& complain)
        : options_(options), complain_(complain) {
        // The format of scenarios has it at three graces, and nothing else.
        options_.settings.escalate_min = Seconds(0);
    }

    [[nodiscard]] Result<void> apply(ScenarioLine line, const ScenarioReader& reader);
    // Runs what is due before `when`, or then too.
    void advance(WallTime when, bool also_then);

    [[nodiscard]] std::string take_lines() { return std::move(lines_); }

private:
    [[nodiscard]] bool is_down() const { return up_at_ != no_time; }

    void tell(const Input& input);
    void rise();
    void poll();
    [[nodiscard]] WallTime next_poll_after(WallTime when);

    SimulationOptions options_;
    const Complain& complain_;
    SimulatedWorld world_;
    State state_;
    std::mt19937_64 random_{seed};
    WallTime now_ = unknown_time;
    WallTime poll_at_ = no_time;
    WallTime up_at_ = no_time;   // of a monitor that is down
    std::vector<Input> waiting_; // events that came while it was down
    std::string lines_;
};

void Simulation::tell(const Input& input) {
    if (options_.on_input) options_.on_input(now_, input);
    Actions actions = reduce(state_, input, now_, options_.settings);
    if (options_.explain) {
        for (const auto& trace : actions.traces)
            lines_ += json_line(trace) + "\n";
    }
    for (const auto& decision : actions.decisions)
        lines_ += json_line(decision) + "\n";
    // A simulation has no store: what changed is of interest to nobody.
    (void)state_.take_changes();
    if (actions.look.hosts.empty()) return;
    if (options_.settings.cluster_tag && world_.outcome() == ApiOutcome::ok)
        tell(world_.clusters(options_.settings.cluster_tag));
    Looked looked;
    for (const auto& request : actions.look.hosts)
        looked.answers.push_back(world_.look(request));
    tell(looked);
}

WallTime Simulation::next_poll_after(WallTime when) {
    const auto jitter = static_cast<int>(random_() % (2 * poll_jitter_s + 1)) - poll_jitter_s;
    return when + poll_interval + Seconds(jitter);
}

void Simulation::poll() {
    poll_at_ = next_poll_after(now_);
    if (world_.outcome() != ApiOutcome::ok) {
        tell(PollFailed{world_.outcome(), world_.failure_text("ecs:ListContainerInstances")});
        return;
    }
    tell(world_.clusters(options_.settings.cluster_tag));
    auto lists = world_.lists();
    // A cluster that is not there any more has nothing in it.
    for (const auto& [arn, cluster] : state_.clusters())
        lists[arn];
    for (auto& [arn, reports] : lists)
        tell(Polled{arn, now_, std::move(reports)});
    tell(world_.group_members());
}

void Simulation::rise() {
    now_ = std::exchange(up_at_, no_time);
    for (const auto& input : std::exchange(waiting_, {}))
        tell(input);
    if (poll_at_ != no_time) poll_at_ = now_;
}

void Simulation::advance(WallTime when, bool also_then) {
    while (true) {
        const WallTime next = is_down() ? up_at_ : std::min(poll_at_, state_.next_due());
        if (next == no_time || next > when || (next == when && !also_then)) break;
        if (is_down()) {
            rise();
            continue;
        }
        now_ = std::max(now_, next);
        if (poll_at_ <= now_) poll();
        tell(Tick{});
    }
    now_ = std::max(now_, when);
}

Result<void> Simulation::apply(ScenarioLine line, const ScenarioReader& reader) {
    if (auto* event = std::get_if<EventLine>(&line.what)) {
        auto input = parse_event(event->event);
        // One that says nothing usable is left where it is: others must not suffer from it.
        if (!input)
            complain_(fmt::format("line {}: {}: left out", line.number, input.error().message));
        else if (*input && is_down())
            waiting_.push_back(std::move(**input));
        else if (*input)
            tell(**input);
    } else if (auto* world = std::get_if<WorldLine>(&line.what)) {
        if (auto set = world_.set(world->world); !set) return reader.error(set.error().message);
        if (poll_at_ == no_time) poll_at_ = line.at;
    } else if (auto* api = std::get_if<ApiLine>(&line.what)) {
        world_.answer_with(api->outcome);
    } else if (auto* window = std::get_if<Window>(&line.what)) {
        if (is_down())
            waiting_.emplace_back(std::move(*window));
        else
            tell(*window);
    } else if (auto* restart = std::get_if<RestartLine>(&line.what)) {
        auto next = reborn(state_);
        if (!next) return fail(next.error());
        state_ = std::move(*next);
        resume(state_, line.at);
        up_at_ = is_down() ? std::max(up_at_, line.at + restart->down) : line.at + restart->down;
    }
    return {};
}

} // namespace

Result<std::string> simulate(std::istream& scenario,
                             const std::string& name,
                             const SimulationOptions& options,
                             const Complain& complain) {
    ScenarioReader reader(scenario, name);
    Simulation simulation(options, complain);
    WallTime end = unknown_time;
    bool has_end = false;
    while (!has_end) {
        auto line = reader.next();
        if (!line) return fail(line.error());
        if (!*line) break;
        end = (*line)->at;
        has_end = std::holds_alternative<EndLine>((*line)->what);
        simulation.advance(end, /*also_then=*/false);
        if (auto applied = simulation.apply(std::move(**line), reader); !applied)
            return fail(applied.error());
    }
    if (end == unknown_time)
        return fail(Errc::invalid_input, "{}: there is no line in this scenario", name);
    if (!has_end) complain(fmt::format("{}: it has no \"end\": it ends with its last line", name));
    simulation.advance(end, /*also_then=*/true);
    return simulation.take_lines();
}

} // namespace squall::monitor
