#include "scan/pieces.h"

#include <algorithm>
#include <vector>

namespace squall::doctor {
namespace {

// Threads, and clocks that are corrected a little, make no more of it.
constexpr std::chrono::minutes jump_min{10};
// An agent that is away says so every 2m24s, and more often; one that is well, every 35 minutes,
// when it takes a new connection.
constexpr std::chrono::minutes silence_max{40};
constexpr std::chrono::minutes overlap_max{1};

struct Piece {
    std::vector<Segment> segments;
    std::optional<WallTime> begin;
    std::optional<WallTime> end;

    void take(const Sighting& sighting) {
        if (!sighting.when) return;
        if (!begin || *sighting.when < *begin) begin = sighting.when;
        if (!end || *sighting.when > *end) end = sighting.when;
    }

    void add(Segment segment) {
        take(segment.opening);
        for (const auto& [cause, group] : segment.causes) {
            take(group.first);
            take(group.last);
        }
        for (const auto& [mark, group] : segment.marks) {
            take(group.first);
            take(group.last);
        }
        segments.push_back(std::move(segment));
    }
};

std::vector<Piece> pieces_of(ScannedLog& log) {
    std::vector<Piece> pieces(1);
    for (Segment& segment : log.segments) {
        if (segment.begins_piece) pieces.emplace_back();
        pieces.back().add(std::move(segment));
    }
    log.segments.clear();
    return pieces;
}

bool is_before(const Piece& early, const Piece& late) {
    return early.end && late.begin && *early.end <= *late.begin + overlap_max;
}

// One step back may be a clock's. Of a roll and what follows it, the end meets the beginning.
bool are_newest_first(const std::vector<Piece>& pieces, const StreamTimes& times) {
    for (std::size_t i = 1; i < pieces.size(); ++i) {
        if (!is_before(pieces[i], pieces[i - 1])) return false;
    }
    return pieces.size() > 2
           || (times.begin && times.end && *times.end <= *times.begin + overlap_max
               && *times.begin - *times.end <= silence_max);
}

template <typename Key>
void merge(std::map<Key, Group>& into, std::map<Key, Group>&& later) {
    for (auto& [key, group] : later) {
        const auto [known, is_new] = into.try_emplace(key, group);
        if (is_new) continue;
        Group& sum = known->second;
        sum.count += group.count;
        sum.moments += group.moments;
        sum.about_telemetry += group.about_telemetry;
        sum.unclear += group.unclear;
        sum.certainty = std::max(sum.certainty, group.certainty);
        sum.last = std::move(group.last);
    }
}

} // namespace

bool may_begin_piece(const std::optional<WallTime>& before, const std::optional<WallTime>& when) {
    return before && when && *before - *when >= jump_min;
}

bool put_in_order(ScannedLog& log, const StreamTimes& times) {
    const auto begins = [](const Segment& segment) {
        return segment.begins_piece;
    };
    if (std::none_of(log.segments.begin(), log.segments.end(), begins)) return false;
    std::vector<Piece> pieces = pieces_of(log);
    const bool is_turned = are_newest_first(pieces, times);
    if (is_turned) {
        log.last_time = pieces.front().end;
        std::reverse(pieces.begin(), pieces.end());
    }
    for (Piece& piece : pieces) {
        for (Segment& segment : piece.segments) {
            const bool goes_on = !is_turned && segment.begins_piece && !log.segments.empty();
            segment.begins_piece = false;
            if (!goes_on) {
                log.segments.push_back(std::move(segment));
                continue;
            }
            merge(log.segments.back().causes, std::move(segment.causes));
            merge(log.segments.back().marks, std::move(segment.marks));
        }
    }
    return is_turned;
}

} // namespace squall::doctor
