#include "squall/watch/delivery.h"

#include "squall/base/log.h"
#include "squall/monitor/decision.h"

#include <algorithm>

namespace squall::watch {
namespace {

using monitor::DecisionKind;

constexpr std::size_t entries_at_once = 100;
constexpr Seconds put_off_max{300};
// What an error that does not go away is given: somebody may mend the settings.
constexpr int attempts_max = 20;

Seconds put_off(int attempts) { return std::min(put_off_max, Seconds(1 << std::min(attempts, 9))); }

TimelineEntry outcome_of(const OutboxEntry& entry,
                         const std::string& channel,
                         const std::string& words,
                         WallTime now) {
    return {now,
            std::string(json::string_at(entry.object, "cluster")),
            std::string(json::string_at(entry.object, "node")),
            std::string(json::string_at(entry.object, "incident")),
            channel,
            words};
}

bool is_of(const OutboxEntry& entry, DecisionKind kind) {
    return json::string_at(entry.object, "kind") == text(kind);
}

// What came after it says all that it would say.
bool is_outdated(const OutboxEntry& entry, std::span<const OutboxEntry> later) {
    const bool is_reminder = is_of(entry, DecisionKind::reminded);
    if (!is_reminder && !is_of(entry, DecisionKind::escalated)) return false;
    const auto incident = json::string_at(entry.object, "incident");
    return std::any_of(later.begin(), later.end(), [&](const OutboxEntry& other) {
        return json::string_at(other.object, "incident") == incident
               && (is_reminder || is_of(other, DecisionKind::recovered));
    });
}

// One channel's turn.
class Turn {
public:
    Turn(Store& store, Channel& channel, Clock& clock)
        : store_(store), channel_(channel), clock_(clock), name_(channel.name()) {}

    [[nodiscard]] Result<Delivery> run(const std::stop_token& stop);

private:
    [[nodiscard]] Result<void> do_once(const OutboxEntry& entry, const std::stop_token& stop);
    [[nodiscard]] Result<void> tell(const OutboxEntry& entry, const std::stop_token& stop);

    Store& store_;
    Channel& channel_;
    Clock& clock_;
    std::string name_;
    Delivery delivery_;
};

// For what must not be done twice.
Result<void> Turn::do_once(const OutboxEntry& entry, const std::stop_token& stop) {
    if (entry.is_begun) {
        log::warning("{}: {} was under way when the monitor ended: it is not done again",
                     name_,
                     entry.idempotency_key);
        return store_.finish(entry);
    }
    if (auto begun = store_.begin(entry); !begun) return begun;
    const auto done = channel_.send(entry, stop);
    if (!done) log::error("{}: {}: {}", name_, entry.idempotency_key, done.error().message);
    if (auto finished = store_.finish(entry); !finished) return finished;
    ++delivery_.done;
    const std::string& words = done ? *done : done.error().message;
    return store_.add({outcome_of(entry, name_, words, clock_.wall())});
}

Result<void> Turn::tell(const OutboxEntry& entry, const std::stop_token& stop) {
    const auto told = channel_.send(entry, stop);
    if (told) {
        ++delivery_.done;
        return store_.finish(entry);
    }
    if (stop.stop_requested()) return {};
    const bool is_given_up =
        told.error().code == Errc::invalid_input && entry.attempts + 1 >= attempts_max;
    log::error("{}: {}: {}{}",
               name_,
               entry.idempotency_key,
               told.error().message,
               is_given_up ? "; given up" : "");
    if (is_given_up) {
        ++delivery_.done;
        return store_.finish(entry);
    }
    delivery_.failure = told.error();
    return store_.postpone(entry, clock_.wall() + put_off(entry.attempts));
}

Result<Delivery> Turn::run(const std::stop_token& stop) {
    const auto entries = store_.outbox(name_, clock_.wall(), entries_at_once);
    if (!entries) return fail(entries.error());
    const std::span<const OutboxEntry> all(*entries);
    for (std::size_t i = 0; i < all.size() && !stop.stop_requested(); ++i) {
        const OutboxEntry& entry = all[i];
        Result<void> noted;
        if (channel_.is_at_most_once()) {
            noted = do_once(entry, stop);
        } else if (is_outdated(entry, all.subspan(i + 1))) {
            log::info("{}: {} is outdated, and not sent", name_, entry.idempotency_key);
            ++delivery_.done;
            noted = store_.finish(entry);
        } else {
            noted = tell(entry, stop);
        }
        if (!noted) return fail(noted.error());
        // What follows may be of the same incident, and come after this.
        if (delivery_.failure) break;
    }
    return std::move(delivery_);
}

} // namespace

Result<Delivery>
deliver(Store& store, Channel& channel, Clock& clock, const std::stop_token& stop) {
    return Turn(store, channel, clock).run(stop);
}

} // namespace squall::watch
