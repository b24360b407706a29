#include "squall/watch/delivery.h"

#include "squall/base/log.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"
#include "squall/monitor/decision.h"

#include <algorithm>
#include <set>

namespace squall::watch {
namespace {

using monitor::DecisionKind;

constexpr std::size_t entries_at_once = 100;
constexpr std::string_view action_name = "action"; // the channel's, and so the timeline's
constexpr std::size_t diagnosed_max = 3;           // as the ladder has it
constexpr std::size_t timeline_looked_at = 200;
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

// The hosts whose diagnosis a notice waits for.
std::vector<std::string> patients_of(const OutboxEntry& entry) {
    std::vector<std::string> nodes;
    for (const auto& member : json::array_at(entry.object, "nodes"))
        nodes.emplace_back(json::string_of(member));
    if (nodes.empty()) nodes.emplace_back(json::string_at(entry.object, "node"));
    if (nodes.size() > diagnosed_max) nodes.resize(diagnosed_max);
    return nodes;
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
    // The entry with what the doctor says; nothing while that is still waited for.
    [[nodiscard]] Result<std::optional<OutboxEntry>> with_diagnosis(const OutboxEntry& entry);
    [[nodiscard]] Result<std::vector<std::string>> diagnoses_of(const OutboxEntry& entry);

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

Result<std::vector<std::string>> Turn::diagnoses_of(const OutboxEntry& entry) {
    const auto incident = json::string_at(entry.object, "incident");
    const std::string begin = fmt::format("{}: ", text(monitor::Rung::diagnose));
    std::vector<std::string> found;
    for (const std::string& node : patients_of(entry)) {
        const auto timeline = store_.timeline(node, timeline_looked_at);
        if (!timeline) return fail(timeline.error());
        for (const TimelineEntry& each : *timeline) {
            if (each.incident != incident || each.kind != action_name) continue;
            if (each.text.starts_with(begin))
                found.push_back(node + ": " + each.text.substr(begin.size()));
            else if (each.text.starts_with(fmt::format("{} of ", text(monitor::Rung::diagnose))))
                found.push_back(each.text);
        }
    }
    return found;
}

Result<std::optional<OutboxEntry>> Turn::with_diagnosis(const OutboxEntry& entry) {
    const auto found = diagnoses_of(entry);
    if (!found) return fail(found.error());
    const auto decided = parse_time(json::string_at(entry.object, "at"));
    const bool is_patient = decided && clock_.wall() < *decided + diagnosis_wait;
    if (found->size() < patients_of(entry).size() && is_patient) return std::nullopt;
    OutboxEntry whole = entry;
    whole.object.erase(awaits_diagnosis);
    const std::string words =
        found->empty() ? "the doctor has not answered yet\n" : join(*found, "\n");
    whole.body += "\nDiagnosis:\n" + words;
    whole.object["diagnosis"] = words;
    return whole;
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
    std::set<std::string_view> waiting; // incidents
    for (std::size_t i = 0; i < all.size() && !stop.stop_requested(); ++i) {
        OutboxEntry entry = all[i];
        const auto incident = json::string_at(all[i].object, "incident");
        // What follows an opening does not come before it.
        if (!incident.empty() && waiting.contains(incident)) continue;
        if (json::bool_at(entry.object, awaits_diagnosis)) {
            auto whole = with_diagnosis(entry);
            if (!whole) return fail(whole.error());
            if (!*whole) {
                waiting.insert(incident);
                continue;
            }
            entry = std::move(**whole);
        }
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
