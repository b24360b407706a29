#include "scan/record_lines.h"

#include "logs/line_source.h"
#include "scan/lines.h"
#include "scan/text_chunks.h"

#include <algorithm>

namespace squall::doctor {
namespace {

constexpr std::size_t continuations_max = 40;
constexpr std::size_t stack_lines_max = 200;
// Of other writers, one after the other, between two lines of a record.
constexpr std::size_t others_max = 16;
constexpr std::size_t taken_max = 1024;

// The most lines, told without unwrapping.
bool is_plain_record(std::string_view line) {
    constexpr std::size_t zone = 19; // "2018-08-09T19:09:06Z [ERROR] "
    return line.starts_with("level=")
           || (line.size() > zone + 2 && line[0] >= '0' && line[0] <= '9' && line[zone - 9] == 'T'
               && line.substr(zone, 3) == "Z [");
}

Unwrapping unwrapped_shortly(std::string_view line, WallTime now, std::string_view source) {
    if (line.size() <= TextChunks::record_max && !is_plain_record(line))
        return unwrapped(line, now, source);
    Unwrapping as_it_is;
    as_it_is.text = line;
    return as_it_is;
}

// What grep or docker compose has put in front of a line, as lines above tell that begin records.
std::string source_above(std::string_view text, std::size_t begin, WallTime now) {
    if (!may_have_source(line_at(text, begin))) return {};
    const std::size_t until = begin;
    for (std::size_t i = 0; i < continuations_max && begin > 0; ++i) {
        begin = line_begin(text, begin - 1);
        const Unwrapping line = unwrapped_shortly(line_at(text, begin), now, {});
        if (line.source.empty()) continue;
        return text.substr(until).starts_with(line.source) ? std::string(line.source)
                                                           : std::string();
    }
    return {};
}

// Of a line that is far too long, what is around the place.
Extent window(Extent record, std::size_t at) {
    constexpr std::size_t before = 8U << 10U;
    if (record.end - record.begin <= TextChunks::record_max || at - record.begin <= before)
        return record;
    const std::size_t begin = at - before;
    return {begin, std::min(record.end, begin + TextChunks::record_max)};
}

} // namespace

bool RecordLines::is_taken(std::size_t at) const {
    const auto behind = std::upper_bound(
        taken_.begin(), taken_.end(), at, [](std::size_t place, const Extent& extent) {
            return place < extent.end;
        });
    return behind != taken_.end() && behind->begin <= at;
}

RecordLines::Line RecordLines::line_from(std::size_t begin) {
    if (ahead_ && ahead_->at.begin == begin) {
        Line line = std::move(*ahead_);
        ahead_.reset();
        return line;
    }
    Line line{{begin, line_end(chunk_, begin)},
              unwrapped_shortly(line_at(chunk_, begin), now_, source_)};
    if (!line.said.source.empty() && line.said.source != source_) source_ = line.said.source;
    return line;
}

// The line that one goes on from.
std::optional<RecordLines::Line> RecordLines::line_before(const Line& line) {
    std::size_t begin = line.at.begin;
    for (std::size_t others = 0; begin > 0 && others < others_max; ++others) {
        begin = line_begin(chunk_, begin - 1);
        // Whoever wrote what a line without a wrapping stands behind.
        if (line.said.is_bare)
            return is_taken(begin) ? std::nullopt : std::optional(line_from(begin));
        Line before = line_from(begin);
        if (is_of_same_writer(before.said, line.said)) {
            if (is_taken(begin) || !may_follow(line.said, before.said)) return std::nullopt;
            return before;
        }
        if (!may_stand_apart(line.said)) return std::nullopt;
    }
    return std::nullopt;
}

void RecordLines::put(Extent line) {
    if (!record_.empty() && record_.back().end == line.begin)
        record_.back().end = line.end;
    else
        record_.push_back(line);
}

// All lines from the first on.
void RecordLines::collect(const Line& head) {
    put(head.at);
    const bool in_panic = begins_panic(head.said);
    const std::size_t lines_max = in_panic ? stack_lines_max : continuations_max;
    std::size_t others = 0;
    std::optional<std::uint64_t> number = head.said.number;
    for (std::size_t begin = head.at.end, lines = 0; begin < chunk_.size() && lines < lines_max;) {
        if (begin - head.at.begin > TextChunks::record_max || others >= others_max) return;
        Line line = line_from(begin);
        begin = line.at.end;
        const bool is_ours =
            line.said.is_bare ? others == 0 : is_of_same_writer(line.said, head.said);
        const bool follows = !line.said.number || !number || *line.said.number == *number + 1;
        if (is_ours && follows && !is_taken(line.at.begin)
            && is_continuation(line.said, in_panic)) {
            put(line.at);
            number = line.said.number;
            others = 0;
            ++lines;
        } else if ((is_ours && !line.said.is_bare) || !may_stand_apart(head.said)) {
            ahead_ = std::move(line);
            return;
        } else {
            ++others;
        }
    }
}

void RecordLines::remember(Extent extent) {
    if (taken_.size() > taken_max) taken_.erase(taken_.begin(), taken_.begin() + taken_max / 2);
    if (taken_.empty() || extent.begin > taken_.back().end) {
        taken_.push_back(extent);
    } else if (extent.begin >= taken_.back().begin) {
        taken_.back().end = std::max(taken_.back().end, extent.end);
    } else {
        const auto before = [](const Extent& one, const Extent& other) {
            return one.begin < other.begin;
        };
        taken_.insert(std::lower_bound(taken_.begin(), taken_.end(), extent, before), extent);
    }
}

const std::vector<Extent>& RecordLines::take(std::size_t at) {
    record_.clear();
    const std::size_t begin = line_begin(chunk_, at);
    if (const std::string source = source_above(chunk_, begin, now_); !source.empty())
        source_ = source;
    Line line = line_from(begin);
    const Extent asked = line.at;
    for (std::size_t i = 0; i < continuations_max; ++i) {
        if (!is_continuation(line.said, /*in_panic=*/false)) break;
        auto before = line_before(line);
        if (!before) break;
        line = std::move(*before);
    }
    collect(line);
    const bool is_in = std::any_of(record_.begin(), record_.end(), [&](const Extent& extent) {
        return extent.begin <= at && at < extent.end;
    });
    if (!is_in) put(asked);
    if (record_.size() == 1) record_.front() = window(record_.front(), at);
    for (const Extent& extent : record_)
        remember(extent);
    return record_;
}

std::size_t border_of_records(std::string_view text, std::size_t size_max, WallTime now) {
    constexpr std::size_t lines_max = 256;
    const auto last = text.rfind('\n');
    if (last == std::string_view::npos) return text.size();

    // Unwrapped when they are reached, from the last on.
    struct Line {
        std::size_t begin;
        Unwrapping said;
    };

    std::vector<Line> lines;
    lines.reserve(lines_max);
    const std::string source = source_above(text, line_begin(text, last), now);
    const auto line = [&](std::size_t i) -> const Line* {
        if (i < lines.size()) return &lines[i];
        const std::size_t end = lines.empty() ? last : lines.back().begin - 1;
        const std::size_t begin = line_begin(text, end);
        if (i >= lines_max || begin == 0 || text.size() - begin > size_max) return nullptr;
        const std::string_view whole = text.substr(begin, end - begin);
        lines.push_back({begin, unwrapped_shortly(whole, now, source)});
        return &lines.back();
    };
    // Any line without a form of its own may be of a panic; where there are nothing but such, those
    // count that can be nothing else.
    for (const bool in_panic : {true, false}) {
        std::vector<const Unwrapping*> going_on; // writers whose records begin further up
        bool is_of_many = false;
        std::optional<std::size_t> border;
        for (std::size_t i = 0; const Line* each = line(i); ++i) {
            const Unwrapping& said = each->said;
            is_of_many = is_of_many || !said.writer.empty() || may_stand_apart(said);
            if (said.text.empty()) continue;
            const auto same =
                std::find_if(going_on.begin(), going_on.end(), [&](const Unwrapping* other) {
                    return is_of_same_writer(*other, said);
                });
            if (is_continuation(said, in_panic)) {
                if (!said.is_bare && same == going_on.end()) going_on.push_back(&said);
                continue;
            }
            if (same != going_on.end()) going_on.erase(same);
            if (!going_on.empty()) continue;
            if (!is_of_many) return each->begin;
            border = each->begin;
            // What they go on with may be in the next chunk.
            if (i >= others_max) break;
        }
        if (border) return *border;
    }
    return last + 1;
}

} // namespace squall::doctor
