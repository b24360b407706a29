#include "monitor_function.h"

#include "function_log.h"
#include "squall/base/log.h"
#include "squall/watch/delivery.h"
#include "squall/watch/dynamo_lease.h"
#include "squall/watch/queue_source.h"

#include <thread>

namespace squall::app {
namespace {

// What is left for the answer when everything else is given up, and what a delivery must have to be
// begun.
constexpr Millis answer_reserve{1500};
constexpr Millis deliver_reserve{500};
// How often a state is loaded because another one was faster. With three executions at a time the
// first repetition is nearly always enough.
constexpr int loads_max = 8;
// What is found by looking may want another look.
constexpr int looks_max = 10;
// How long somebody else's delivery is waited for: ours may have come too late for it.
constexpr Millis lease_wait{5000};
constexpr Millis lease_interval{250};
constexpr Millis store_call_limit{10'000};

std::vector<std::unique_ptr<watch::Channel>>
channels_of(const FunctionSettings& settings, aws::Client& client, Clock& clock) {
    std::vector<std::unique_ptr<watch::Channel>> channels;
    // First: notices wait for what the doctor says.
    if (!settings.judgement.actions.empty())
        channels.push_back(watch::action_channel(client, clock));
    if (!settings.topic_arn.empty())
        channels.push_back(watch::sns_channel(client, settings.topic_arn));
    if (settings.webhook) channels.push_back(watch::webhook_channel(*settings.webhook));
    channels.push_back(watch::metrics_channel(client, clock));
    return channels;
}

std::vector<const watch::Channel*>
references(const std::vector<std::unique_ptr<watch::Channel>>& channels) {
    std::vector<const watch::Channel*> all;
    all.reserve(channels.size());
    for (const auto& channel : channels)
        all.push_back(channel.get());
    return all;
}

watch::ObserverOptions observer_options(const FunctionSettings& settings) {
    watch::ObserverOptions options;
    options.cluster_tag = settings.judgement.cluster_tag;
    options.call_limit = Seconds(30);
    return options;
}

// Asks for a stop at a time, from a thread of its own; gone with this object.
class StopAt {
public:
    StopAt(Clock& clock, SteadyTime when)
        : thread_([this, &clock, when](const std::stop_token& over) {
              if (clock.wait_until(when, over)) source_.request_stop();
          }) {}

    [[nodiscard]] std::stop_token token() const { return source_.get_token(); }

private:
    std::stop_source source_;
    std::jthread thread_; // last: it uses what is above
};

// When a wall clock's time is by the steady one.
SteadyTime steady(Clock& clock, WallTime when) {
    const auto far = clock.wall() + std::chrono::hours(1);
    return clock.now() + (std::min(when, far) - clock.wall());
}

} // namespace

MonitorFunction::MonitorFunction(const FunctionSettings& settings,
                                 aws::Client& client,
                                 Clock& clock)
    : settings_(settings),
      client_(client),
      clock_(clock),
      channels_(channels_of(settings, client, clock)),
      store_(watch::dynamo_store(client, clock, {settings.table, store_call_limit})),
      judge_(*store_, settings_.judgement, references(channels_)),
      observer_(client, clock, observer_options(settings)) {
    judge_.on_actions([this](const monitor::Actions& actions) {
        for (const auto& line : lines_of(actions, request_id_))
            log::write_out(line);
    });
}

Result<std::string> MonitorFunction::handle(const lambda::Invocation& invocation) {
    request_id_ = invocation.request_id;
    const auto event = json::parse(invocation.event);
    if (!event) return fail("the event", event.error());
    const StopAt stop(clock_, steady(clock_, invocation.deadline) - answer_reserve);
    Result<std::string> answer;
    if (const json::Value& records = json::at(*event, "Records"); records.is_array())
        answer = batch(records.get_array(), stop.token());
    else if (json::string_at(*event, "detail-type") == "Scheduled Event")
        answer = tick(stop.token());
    else
        return fail(Errc::invalid_input,
                    "the event is neither a batch of a queue (\"Records\") nor a clock's "
                    "(\"detail-type\": \"Scheduled Event\")");
    // Also after an error: what was stored earlier can still be told.
    deliver_all(invocation.deadline, stop.token());
    return answer;
}

Result<std::string> MonitorFunction::batch(const json::Array& records,
                                           const std::stop_token& stop) {
    std::vector<monitor::Input> inputs;
    json::Array failures;
    for (const auto& record : records) {
        const std::string_view id = json::string_at(record, "messageId");
        auto input = watch::input_of_message(json::string_at(record, "body"));
        if (!input) {
            log::warning("message {} cannot be read: {}", id, input.error().message);
            failures.push_back(json::Object{{"itemIdentifier", id}});
            continue;
        }
        if (*input) inputs.push_back(std::move(**input));
    }
    if (!inputs.empty()) {
        if (auto judged = judge(inputs, stop); !judged) return fail(judged.error());
    }
    return json::text(json::Object{{"batchItemFailures", std::move(failures)}});
}

Result<std::string> MonitorFunction::tick(const std::stop_token& stop) {
    const auto inputs = observer_.poll(stop);
    if (auto judged = judge(inputs, stop); !judged) return fail(judged.error());
    return std::string("{}");
}

Result<void> MonitorFunction::judge(std::span<const monitor::Input> inputs,
                                    const std::stop_token& stop) {
    auto look = take(inputs);
    if (!look) return fail(look.error());
    // From here on what was delivered is stored: whatever fails, it is not to be delivered again.
    for (int round = 0; round < looks_max && !look->hosts.empty(); ++round) {
        if (stop.stop_requested()) return {}; // what was not answered is asked again
        const monitor::Input looked = observer_.look(*look, stop);
        // A call that was cut short says nothing of a host.
        if (stop.stop_requested()) return {};
        look = take({&looked, 1});
        if (!look) {
            log::error("what was looked at could not be stored: {}", look.error().message);
            return {};
        }
    }
    return {};
}

Result<monitor::Look> MonitorFunction::take(std::span<const monitor::Input> inputs) {
    for (int load = 0;; ++load) {
        const WallTime now = clock_.wall();
        if (!is_loaded_) {
            if (auto loaded = judge_.load(now); !loaded) return fail(loaded.error());
            is_loaded_ = true;
        }
        auto look = judge_.take(inputs, now);
        if (look) return look;
        // The memory is ahead of the store.
        is_loaded_ = false;
        if (look.error().code != Errc::conflict || load + 1 >= loads_max) return fail(look.error());
    }
}

void MonitorFunction::deliver_all(WallTime until, const std::stop_token& stop) {
    // Side by side: one that hangs holds up no other.
    std::vector<std::jthread> threads;
    for (const auto& channel : channels_)
        threads.emplace_back([&, this] { deliver(*channel, until, stop); });
}

void MonitorFunction::deliver(watch::Channel& channel,
                              WallTime until,
                              const std::stop_token& stop) {
    const watch::DynamoOptions options{settings_.table, store_call_limit};
    const auto store = watch::dynamo_store(client_, clock_, options);
    const auto is_late = [&] {
        return stop.stop_requested() || clock_.wall() + answer_reserve + deliver_reserve > until;
    };
    const auto gave_up = [&](const Error& why) {
        log::error(
            "what is to be told by {} waits for the next minute: {}", channel.name(), why.message);
    };
    if (is_late()) return;
    const auto waiting = store->outbox(std::string(channel.name()), clock_.wall(), 1);
    if (!waiting) return gave_up(waiting.error());
    if (waiting->empty()) return;
    watch::DynamoLease lease(client_, clock_, options, fmt::format("deliver#{}", channel.name()));
    const SteadyTime patience = clock_.now() + lease_wait;
    for (;;) {
        const auto taken = lease.take(std::min(until, clock_.wall() + Seconds(900)));
        if (!taken) return gave_up(taken.error());
        if (*taken) break;
        if (clock_.now() > patience || !clock_.wait_for(lease_interval, stop)) return;
    }
    while (!is_late()) {
        const auto sent = watch::deliver(*store, channel, clock_, stop);
        if (!sent) gave_up(sent.error());
        if (!sent || sent->done == 0) break;
    }
    if (auto given = lease.give_back(); !given)
        log::warning("{}: {}", channel.name(), given.error().message);
}

} // namespace squall::app
