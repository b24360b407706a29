#include "squall/watch/daemon.h"

#include "monitor_api.h"
#include "squall/base/log.h"
#include "squall/monitor/simulation.h"
#include "squall/watch/delivery.h"
#include "squall/watch/inbox.h"
#include "squall/watch/judge.h"
#include "squall/watch/queue_source.h"
#include "squall/watch/sqlite_store.h"

#include <random>
#include <thread>

namespace squall::watch {
namespace {

constexpr std::size_t deliveries_at_once = 500;
constexpr Millis judge_interval{1000};
constexpr Millis channel_interval{1000};
constexpr Seconds poll_retry{15};

// Looks that the judgement has asked for, for the thread that makes them.
class LookOrders {
public:
    void put(monitor::Look look) {
        {
            const std::lock_guard lock(mutex_);
            for (auto& host : look.hosts)
                orders_.hosts.push_back(std::move(host));
        }
        bell_.ring();
    }

    [[nodiscard]] monitor::Look take(const std::stop_token& stop) {
        bell_.wait(Seconds(10), stop);
        const std::lock_guard lock(mutex_);
        return std::exchange(orders_, {});
    }

private:
    std::mutex mutex_;
    Bell bell_;
    monitor::Look orders_;
};

class Daemon {
public:
    Daemon(const DaemonOptions& options,
           aws::Client& client,
           Clock& clock,
           std::vector<std::unique_ptr<Channel>> channels,
           const Say& say)
        : options_(options),
          client_(client),
          clock_(clock),
          channels_(std::move(channels)),
          say_(say),
          source_(client, clock, options.queue_url, inbox_) {
        for (std::size_t i = 0; i < channels_.size(); ++i) {
            bells_.push_back(std::make_unique<Bell>());
            troubles_.push_back(std::make_unique<Trouble>());
        }
    }

    Result<void> run(const std::stop_token& stop);

private:
    void poll(const std::stop_token& stop);
    void look(const std::stop_token& stop);
    void deliver_for(std::size_t index, const std::stop_token& stop);
    void hear(const monitor::Actions& actions);

    [[nodiscard]] WallTime aws_now() const { return clock_.wall() + client_.server_ahead(); }

    [[nodiscard]] SteadyTime next_turn(const Judge& judge) const;
    Result<void> judge(Judge& judge, const std::stop_token& stop);
    Result<void> take(Judge& judge, std::span<const monitor::Input> inputs);

    const DaemonOptions& options_;
    aws::Client& client_;
    Clock& clock_;
    std::vector<std::unique_ptr<Channel>> channels_;
    const Say& say_;
    Inbox inbox_;
    QueueSource source_;
    LookOrders looks_;
    // One for each channel.
    std::vector<std::unique_ptr<Bell>> bells_;
    std::vector<std::unique_ptr<Trouble>> troubles_;
    MonitorFigures figures_;
    Trouble poll_trouble_;
};

void Daemon::poll(const std::stop_token& stop) {
    Observer observer(client_, clock_, options_.observer);
    std::mt19937_64 random(std::random_device{}());
    std::uniform_real_distribution<double> jitter(0.9, 1.1);
    while (!stop.stop_requested()) {
        auto inputs = observer.poll(stop);
        if (stop.stop_requested()) return;
        const bool has_failed =
            !inputs.empty() && std::holds_alternative<monitor::PollFailed>(inputs.back());
        figures_.polled(!has_failed, clock_.now());
        if (has_failed) {
            const std::string& what = std::get<monitor::PollFailed>(inputs.back()).what;
            if (poll_trouble_.failed(what, clock_.now()))
                log::error("looking at the clusters: {}", what);
        } else {
            poll_trouble_.ended();
        }
        inbox_.put({std::move(inputs), {}}, stop);
        const Millis pause = has_failed ? std::min<Millis>(poll_retry, options_.poll_interval)
                                        : options_.poll_interval;
        clock_.wait_for(
            Millis(static_cast<Millis::rep>(static_cast<double>(pause.count()) * jitter(random))),
            stop);
    }
}

void Daemon::look(const std::stop_token& stop) {
    Observer observer(client_, clock_, options_.observer);
    while (!stop.stop_requested()) {
        const monitor::Look orders = looks_.take(stop);
        if (orders.hosts.empty()) continue;
        auto looked = observer.look(orders, stop);
        if (stop.stop_requested()) return;
        inbox_.put({{std::move(looked)}, {}}, stop);
    }
}

void Daemon::deliver_for(std::size_t index, const std::stop_token& stop) {
    Channel& channel = *channels_[index];
    auto store = open_sqlite_store(options_.store);
    while (!stop.stop_requested()) {
        const auto failed = [&](const Error& error) {
            log::error("channel {}: {}", channel.name(), error.message);
            troubles_[index]->failed(error.message, clock_.now());
        };
        if (!store) {
            failed(store.error());
            clock_.wait_for(channel_interval, stop);
            store = open_sqlite_store(options_.store);
            continue;
        }
        const auto turn = deliver(**store, channel, clock_, stop);
        if (!turn)
            failed(turn.error());
        else if (turn->failure)
            troubles_[index]->failed(turn->failure->message, clock_.now());
        else if (turn->done > 0)
            troubles_[index]->ended();
        if (turn && turn->done > 0) {
            figures_.sent(channel.name(), turn->done);
            continue;
        }
        bells_[index]->wait(channel_interval, stop);
    }
}

void Daemon::hear(const monitor::Actions& actions) {
    for (const auto& decision : actions.decisions) {
        figures_.decided(decision);
        say_(monitor::json_line(decision));
    }
    if (options_.explain) {
        for (const auto& trace : actions.traces)
            say_(monitor::json_line(trace));
    }
    if (actions.decisions.empty()) return;
    for (const auto& bell : bells_)
        bell->ring();
}

// When the judge has something to do even if nobody tells it anything.
SteadyTime Daemon::next_turn(const Judge& judge) const {
    const WallTime due = judge.next_due();
    if (due == monitor::no_time) return clock_.now() + judge_interval;
    const auto left = std::chrono::duration_cast<Millis>(due - aws_now());
    return clock_.now() + std::clamp(left, Millis(0), judge_interval);
}

Result<void> Daemon::take(Judge& judge, std::span<const monitor::Input> inputs) {
    auto look = judge.take(inputs, aws_now());
    if (!look)
        return fail(options_.queue_url.empty()
                        ? "what was decided cannot be stored, and so nothing is told: the monitor "
                          "ends; mend the store and start it again, and it polls"
                        : "what was decided cannot be stored, and so nothing is told: the monitor "
                          "ends; mend the store and start it again, events wait in the queue",
                    look.error());
    figures_.judged(inputs.size());
    if (!look->hosts.empty()) looks_.put(std::move(*look));
    return {};
}

Result<void> Daemon::judge(Judge& judge, const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        auto work = inbox_.take(deliveries_at_once, next_turn(judge), stop);
        std::vector<monitor::Input> inputs;
        std::vector<std::string> receipts;
        for (auto& delivered : work.delivered) {
            std::move(delivered.inputs.begin(), delivered.inputs.end(), std::back_inserter(inputs));
            std::move(
                delivered.receipts.begin(), delivered.receipts.end(), std::back_inserter(receipts));
        }
        if (auto taken = take(judge, inputs); !taken) return taken;
        source_.done(std::move(receipts));
        for (const auto& question : work.questions)
            question();
    }
    return {};
}

Result<void> Daemon::run(const std::stop_token& stop) {
    if (!options_.queue_url.empty()) {
        if (auto checked = source_.check(stop); !checked) return checked;
    }
    auto store = open_sqlite_store(options_.store);
    if (!store) return fail(store.error());
    std::vector<const Channel*> channels;
    for (const auto& channel : channels_)
        channels.push_back(channel.get());
    Judge judge(**store, options_.settings, channels);
    judge.on_actions([this](const monitor::Actions& actions) { hear(actions); });
    if (auto loaded = judge.load(aws_now()); !loaded) return loaded;
    std::map<std::string, const Trouble*> troubles;
    for (std::size_t i = 0; i < channels_.size(); ++i)
        troubles[std::string(channels_[i]->name())] = troubles_[i].get();
    MonitorApi api({options_,
                    judge,
                    **store,
                    inbox_,
                    source_,
                    figures_,
                    poll_trouble_,
                    std::move(troubles),
                    client_,
                    clock_,
                    [&](const monitor::Window& window) {
                        const monitor::Input input(window);
                        return take(judge, {&input, 1});
                    }});
    auto listening = api.listen();
    if (!listening) return fail(listening.error());

    std::stop_source threads_stop;
    std::vector<std::jthread> threads;
    const auto start = [&](auto function) {
        threads.emplace_back([function, token = threads_stop.get_token()] { function(token); });
    };
    start([this](const std::stop_token& token) { poll(token); });
    start([this](const std::stop_token& token) { look(token); });
    if (!options_.queue_url.empty()) {
        start([this](const std::stop_token& token) { source_.receive(token); });
        start([this](const std::stop_token& token) { source_.acknowledge(token); });
    }
    for (std::size_t i = 0; i < channels_.size(); ++i)
        start([this, i](const std::stop_token& token) { deliver_for(i, token); });
    api.start();
    say_(*listening);
    auto ended = this->judge(judge, stop);
    threads_stop.request_stop();
    api.stop();
    threads.clear();
    return ended;
}

} // namespace

Result<void> run_daemon(const DaemonOptions& options,
                        aws::Client& client,
                        Clock& clock,
                        std::vector<std::unique_ptr<Channel>> channels,
                        const Say& say,
                        const std::stop_token& stop) {
    if (auto made = make_directories(options.store.parent_path(), 0700); !made) return made;
    // Two that write one store would each tell what the other does not know of.
    const auto lock = FileLock::try_take(options.store.string() + ".lock");
    if (!lock) return fail(lock.error());
    if (!*lock)
        return fail(Errc::conflict,
                    "another monitor works with {}: end it, or give this one a --store of its own",
                    options.store.string());
    return Daemon(options, client, clock, std::move(channels), say).run(stop);
}

} // namespace squall::watch
