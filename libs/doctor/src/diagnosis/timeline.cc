#include "diagnosis/timeline.h"

#include "squall/base/text.h"

#include <algorithm>

namespace squall::doctor {
namespace {

// Rolls by number count backwards in time, those by hour forwards; the current file comes last.
std::pair<int, std::string> age_order(const std::string& roll) {
    if (roll.empty()) return {2, ""};
    const auto number = roll.size() <= 3 ? to_integer(roll) : std::nullopt;
    if (number) return {1, fmt::format("{:04}", 9999 - *number)};
    return {1, roll};
}

std::string_view folder_of(std::string_view name) {
    const auto slash = name.find_last_of("/\\");
    return slash == std::string_view::npos ? std::string_view{} : name.substr(0, slash);
}

} // namespace

Timeline::Timeline(std::vector<ScannedLog> logs) : logs_(std::move(logs)) {
    sort_logs();
    find_connection();
    collect();
}

void Timeline::sort_logs() {
    std::stable_sort(logs_.begin(), logs_.end(), [](const ScannedLog& a, const ScannedLog& b) {
        const auto key = [](const ScannedLog& log) {
            // Of names that say nothing of their order, the times do.
            return std::make_tuple(
                log.kind.kind, folder_of(log.name), age_order(log.kind.roll), log.last_time);
        };
        return a.kind.kind != LogKind::unknown && b.kind.kind != LogKind::unknown
               && key(a) < key(b);
    });
    for (const ScannedLog& log : logs_) {
        if (log.last_time && (!end_ || *log.last_time > *end_)) end_ = log.last_time;
    }
}

bool Timeline::is_one_log(std::size_t a, std::size_t b) const {
    const ScannedLog& one = logs_[a];
    const ScannedLog& other = logs_[b];
    return a == b
           || (one.kind.kind == other.kind.kind && one.kind.kind != LogKind::unknown
               && one.kind.kind != LogKind::system && folder_of(one.name) == folder_of(other.name));
}

void Timeline::find_connection() {
    for (std::size_t log = 0; log < logs_.size(); ++log) {
        const auto& segments = logs_[log].segments;
        for (std::size_t i = 0; i < segments.size(); ++i) {
            if (segments[i].opened_by != Mark::connected) continue;
            const auto& when = segments[i].opening.when;
            const bool is_later = !connected_ || is_one_log(connected_->log, log) || !when
                                  || !connected_->when || *when > *connected_->when;
            if (is_later) connected_ = Place{log, i, when};
        }
    }
}

void Timeline::collect() {
    for (std::size_t log = 0; log < logs_.size(); ++log) {
        const auto& segments = logs_[log].segments;
        for (std::size_t i = 0; i < segments.size(); ++i) {
            for (const auto& [cause, group] : segments[i].causes)
                all_.push_back({cause, log, i, group});
        }
    }
}

std::optional<WallTime> Timeline::end_of(std::size_t log) const {
    std::optional<WallTime> end;
    for (std::size_t other = 0; other < logs_.size(); ++other) {
        const auto& time = logs_[other].last_time;
        if (time && is_one_log(log, other) && (!end || *time > *end)) end = time;
    }
    return end;
}

bool Timeline::is_after(const Candidate& candidate, const Place& place) const {
    if (candidate.log == place.log) return candidate.segment >= place.segment;
    if (is_one_log(candidate.log, place.log)) return candidate.log > place.log;
    if (!candidate.group.last.when || !place.when) return true;
    return *candidate.group.last.when > *place.when;
}

bool Timeline::is_followed_by(const Candidate& candidate, Mark mark) const {
    const auto& seen = candidate.group.last;
    const auto is_later = [&](std::size_t log, std::size_t segment, const Sighting& sighting) {
        if (log == candidate.log && segment != candidate.segment)
            return segment > candidate.segment;
        if (log == candidate.log)
            return sighting.line != 0 && seen.line != 0 ? sighting.line > seen.line
                                                        : sighting.when > seen.when;
        if (is_one_log(log, candidate.log)) return log > candidate.log;
        return sighting.when && seen.when && *sighting.when >= *seen.when;
    };
    for (std::size_t log = 0; log < logs_.size(); ++log) {
        const auto& segments = logs_[log].segments;
        for (std::size_t i = 0; i < segments.size(); ++i) {
            if (segments[i].opened_by == mark && is_later(log, i, segments[i].opening)) return true;
            const auto found = segments[i].marks.find(mark);
            if (found != segments[i].marks.end() && is_later(log, i, found->second.last))
                return true;
        }
    }
    return false;
}

std::optional<Candidate> Timeline::last_since_connection(Mark mark) const {
    std::optional<Candidate> last;
    for (std::size_t log = 0; log < logs_.size(); ++log) {
        const auto& segments = logs_[log].segments;
        for (std::size_t i = 0; i < segments.size(); ++i) {
            const auto found = segments[i].marks.find(mark);
            if (found == segments[i].marks.end()) continue;
            const Candidate candidate{0, log, i, found->second};
            if (!connected_ || is_after(candidate, *connected_)) last = candidate;
        }
    }
    return last;
}

} // namespace squall::doctor
