// What is done about a host, rung by rung, and when it is not.
#include "reduction.h"

#include <algorithm>

namespace squall::monitor {
namespace {

constexpr Seconds ask_again{60};
constexpr std::size_t diagnosed_max = 3; // of a group: they have one cause

} // namespace

void Reduction::start_ladder(Host& host) {
    host.next_rung = 0;
    host.was_acted_on = false;
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
        state_.set_rung_due(host, until);
        return;
    }
    const Rung rung = settings_.actions[host.next_rung];
    if (rung != Rung::diagnose && !may_act(host)) {
        state_.set_rung_due(host, now_ + ask_again);
        return;
    }
    decide(DecisionKind::action, host, Reason::none).rung = rung;
    if (rung != Rung::diagnose) {
        host.was_acted_on = true;
        host.acted_at = now_;
    }
    ++host.next_rung;
    state_.touch(host);
    // A diagnosis changes nothing that would have to be waited for.
    if (host.next_rung < settings_.actions.size())
        state_.set_rung_due(host, rung == Rung::diagnose ? now_ : now_ + limits::rung_wait);
}

bool Reduction::may_act(const Host& host) const {
    if (is_region_guarded(host.region())) return false;
    if (host.was_acted_on) return true; // it has its place among those that are worked on
    if (host.acted_at != unknown_time && now_ < host.acted_at + limits::ladder_rest) return false;
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
