// What is done about a host, rung by rung, and when it is not.
#include "reduction.h"
#include "squall/base/time_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace squall::monitor {
namespace {

constexpr Seconds ask_again{60};
constexpr std::size_t diagnosed_max = 3; // of a group: they have one cause

} // namespace

void Reduction::start_ladder(Host& host) {
    host.next_rung = 0;
    host.was_acted_on = false;
    host.held_back = nullptr;
    if (settings_.actions.empty() || host.is_unregistered) return;
    const Incident* incident = state_.find_incident(host.incident);
    if (incident == nullptr || incident->kind == Incident::Kind::region) return;
    const auto self =
        std::find_if(incident->members.begin(),
                     incident->members.end(),
                     [&](const Incident::Member& member) { return member.host == host.key; });
    if (settings_.actions.front() == Rung::diagnose
        && self - incident->members.begin() >= static_cast<std::ptrdiff_t>(diagnosed_max))
        host.next_rung = 1;
    if (host.next_rung < settings_.actions.size()) state_.set_rung_due(host, now_);
}

void Reduction::climb(Host& host) {
    if (host.phase != Phase::open || host.next_rung >= settings_.actions.size()) return;
    // Somebody works on it, or breaks it on purpose.
    if (const WallTime until = window_end(host); now_ < until) {
        hold_back(host, "a planned window is open over this host", until);
        return;
    }
    const Rung rung = settings_.actions[host.next_rung];
    if (rung != Rung::diagnose) {
        if (is_region_guarded(host.region())) {
            hold_back(host, "most of the region is gone", now_ + ask_again);
            return;
        }
        if (!has_room(host)) {
            hold_back(host, "enough hosts of this cluster are worked on", now_ + ask_again);
            return;
        }
        if (was_done_lately(host, rung)) {
            go_past(host);
            return;
        }
    }
    host.held_back = nullptr;
    decide(DecisionKind::action, host, Reason::none).rung = rung;
    if (rung != Rung::diagnose) {
        host.was_acted_on = true;
        host.acted_at = now_;
        host.acted_rung = rung;
    }
    ++host.next_rung;
    state_.touch(host);
    // A diagnosis changes nothing that would have to be waited for.
    if (host.next_rung < settings_.actions.size())
        state_.set_rung_due(host, rung == Rung::diagnose ? now_ : now_ + limits::rung_wait);
}

// Said once, however often it is tried again.
void Reduction::hold_back(Host& host, const char* why, WallTime until) {
    if (std::exchange(host.held_back, why) != why)
        trace(host, fmt::format("{} waits: {}", text(settings_.actions[host.next_rung]), why));
    state_.set_rung_due(host, until);
}

bool Reduction::was_done_lately(const Host& host, Rung rung) const {
    return host.acted_at != unknown_time && now_ < host.acted_at + limits::ladder_rest
           && rung <= host.acted_rung;
}

// What was done in an earlier incident has not lasted: the next rung's turn, as if it had been done
// now. After the last one it may be done again.
void Reduction::go_past(Host& host) {
    const std::string rung(text(settings_.actions[host.next_rung]));
    const std::string done = fmt::format("{} was done at {}, less than an hour ago",
                                         text(host.acted_rung),
                                         rfc3339_seconds(host.acted_at));
    const bool is_last = host.next_rung + std::size_t{1} == settings_.actions.size();
    trace(host, fmt::format("{} {}: {}", rung, is_last ? "waits" : "is left out", done));
    if (is_last) {
        state_.set_rung_due(host, host.acted_at + limits::ladder_rest);
        return;
    }
    ++host.next_rung;
    state_.touch(host);
    state_.set_rung_due(host, now_ + limits::rung_wait);
}

// Among those that are worked on at a time.
bool Reduction::has_room(const Host& host) const {
    if (host.was_acted_on) return true; // it has its place already
    std::size_t whole = 0;
    std::size_t acted_on = 0;
    for (const Host* other : host.cluster->hosts) {
        if (other->is_expected()) ++whole;
        if (other->was_acted_on) ++acted_on;
    }
    const std::size_t allowed =
        whole < limits::blast_whole_min
            ? 1
            : static_cast<std::size_t>(static_cast<double>(whole) * limits::blast_share);
    return acted_on < allowed;
}

bool Reduction::is_region_guarded(std::string_view region) const {
    return std::any_of(
        state_.incidents().begin(), state_.incidents().end(), [&](const auto& entry) {
            return entry.second.kind == Incident::Kind::region && entry.second.region == region;
        });
}

} // namespace squall::monitor
