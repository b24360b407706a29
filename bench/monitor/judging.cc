#include "judging.h"

#include "costs.h"
#include "fleet.h"
#include "squall/monitor/event_parser.h"
#include "squall/monitor/reduce.h"
#include "squall/watch/judge.h"
#include "squall/watch/queue_source.h"
#include "squall/watch/sqlite_store.h"

namespace squall::bench {
namespace {

// Made while the watch stands still.
constexpr std::size_t prepared = 10'000;
// As many as the daemon gives the judge at once.
constexpr std::size_t batch = 500;

struct Prepared {
    std::vector<monitor::Input> inputs;
    std::vector<std::string> texts;
    std::vector<WallTime> times; // never going back
};

Prepared prepare(Fleet& fleet, std::size_t count, bool as_text) {
    Prepared all;
    WallTime now = fleet_begins();
    for (std::size_t i = 0; i < count; ++i) {
        const Rotation rotation = fleet.next();
        now = std::max(now, rotation.at);
        all.times.push_back(now);
        if (as_text)
            all.texts.push_back(fleet.text(rotation));
        else
            all.inputs.push_back(fleet.input(rotation));
    }
    return all;
}

json::Object costs(const Stopwatch& watch, std::size_t count) {
    return {{"count", count}, {"wall_s", watch.wall_s()}, {"cpu_s", watch.cpu_s()}};
}

// Half of what a fleet says: a return each. Others would show that something was not understood.
std::uint64_t rotations(const monitor::State& state) {
    std::uint64_t all = 0;
    state.for_each_host([&](const monitor::Host& host) { all += host.rotations; });
    return all;
}

} // namespace

json::Object reduce_events(std::size_t instances, std::size_t events, bool from_text) {
    Fleet fleet(instances);
    monitor::State state;
    const monitor::Settings settings;
    for (const auto& input : fleet.poll())
        (void)monitor::reduce(state, input, fleet_begins(), settings);
    Stopwatch watch;
    std::size_t decisions = 0;
    std::size_t unread = 0;
    for (std::size_t done = 0; done < events; done += prepared) {
        const Prepared next = prepare(fleet, prepared, from_text);
        watch.start();
        for (std::size_t i = 0; i < prepared; ++i) {
            const auto take = [&](const monitor::Input& input) {
                decisions +=
                    monitor::reduce(state, input, next.times[i], settings).decisions.size();
            };
            if (from_text) {
                const auto input = watch::input_of_message(next.texts[i]);
                if (input && *input)
                    take(**input);
                else
                    ++unread;
            } else {
                take(next.inputs[i]);
            }
            // As often as the judge asks for timers, and gives what has changed to its store.
            if (i % batch != batch - 1) continue;
            (void)monitor::reduce(state, monitor::Tick{}, next.times[i], settings);
            (void)state.take_changes();
        }
        watch.stop();
    }
    json::Object line = costs(watch, events);
    line["decisions"] = decisions;
    line["rotations"] = rotations(state);
    line["unread"] = unread;
    return line;
}

Result<json::Object> judge_messages(const Path& file, std::size_t instances, std::size_t messages) {
    auto store = watch::open_sqlite_store(file);
    if (!store) return fail(store.error());
    Fleet fleet(instances);
    const monitor::Settings settings;
    watch::Judge judge(**store, settings, {});
    std::size_t decisions = 0;
    judge.on_actions([&](const monitor::Actions& all) { decisions += all.decisions.size(); });
    if (auto loaded = judge.load(fleet_begins()); !loaded) return fail(loaded.error());
    if (auto taken = judge.take(fleet.poll(), fleet_begins()); !taken) return fail(taken.error());
    Stopwatch watch;
    std::size_t bytes = 0;
    for (std::size_t done = 0; done < messages; done += prepared) {
        const Prepared next = prepare(fleet, prepared, /*as_text=*/true);
        for (const auto& text : next.texts)
            bytes += text.size();
        watch.start();
        for (std::size_t first = 0; first < prepared; first += batch) {
            std::vector<monitor::Input> inputs;
            for (std::size_t i = first; i < first + batch; ++i) {
                auto input = watch::input_of_message(next.texts[i]);
                if (!input) return fail(input.error());
                inputs.push_back(std::move(**input));
            }
            const auto taken = judge.take(inputs, next.times[first + batch - 1]);
            if (!taken) return fail(taken.error());
        }
        watch.stop();
    }
    json::Object line = costs(watch, messages);
    line["decisions"] = decisions;
    line["rotations"] = rotations(judge.state());
    line["bytes_a_message"] = bytes / messages;
    return line;
}

json::Object hold_state(std::size_t instances) {
    Fleet fleet(instances);
    const monitor::Settings settings;
    const double before = memory().now_mb;
    monitor::State state;
    Stopwatch watch;
    watch.start();
    // One by one: a poll's whole answer would be counted for the state's.
    for (std::size_t i = 0; i < 4 * instances; ++i) {
        const Rotation rotation = fleet.next();
        (void)monitor::reduce(state, fleet.input(rotation), rotation.at, settings);
        if (i % batch == 0) (void)state.take_changes();
    }
    watch.stop();
    const Memory after = memory();
    json::Object line = costs(watch, state.host_count());
    line["grown_mb"] = after.now_mb - before;
    line["peak_mb"] = after.peak_mb;
    return line;
}

Result<json::Object> fill_store(const Path& file, std::size_t instances) {
    auto store = watch::open_sqlite_store(file);
    if (!store) return fail(store.error());
    Fleet fleet(instances);
    const monitor::Settings settings;
    watch::Judge judge(**store, settings, {});
    if (auto loaded = judge.load(fleet_begins()); !loaded) return fail(loaded.error());
    for (std::size_t done = 0; done < 4 * instances; done += prepared) {
        const Prepared next = prepare(fleet, prepared, /*as_text=*/false);
        if (auto taken = judge.take(next.inputs, next.times.back()); !taken)
            return fail(taken.error());
    }
    return json::Object{{"count", judge.state().host_count()}};
}

Result<json::Object> load_store(const Path& file) {
    auto store = watch::open_sqlite_store(file);
    if (!store) return fail(store.error());
    const monitor::Settings settings;
    watch::Judge judge(**store, settings, {});
    const double before = memory().now_mb;
    Stopwatch watch;
    watch.start();
    if (auto loaded = judge.load(fleet_begins()); !loaded) return fail(loaded.error());
    watch.stop();
    const Memory after = memory();
    json::Object line = costs(watch, judge.state().host_count());
    line["grown_mb"] = after.now_mb - before;
    line["peak_mb"] = after.peak_mb;
    return line;
}

} // namespace squall::bench
