// Which lines of a chunk are one record, whatever each of them is wrapped in, and though lines of
// other writers stand between them. Only lines around a place that is asked for are unwrapped.
#pragma once

#include "logs/continuation.h"
#include "squall/base/clock.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace squall::doctor {

struct Extent {
    std::size_t begin;
    std::size_t end;
};

class RecordLines {
public:
    // `chunk` must outlive it; `now` tells the year where a line does not.
    RecordLines(std::string_view chunk, WallTime now) : chunk_(chunk), now_(now) {}

    // The place is in a record that has been taken.
    [[nodiscard]] bool is_taken(std::size_t at) const;

    // The record around a place that is not: whole lines in their order, those that follow each
    // other as one extent. Of a line that is far too long, what is around the place. Valid until
    // the next call.
    [[nodiscard]] const std::vector<Extent>& take(std::size_t at);

private:
    struct Line {
        Extent at;
        Unwrapping said;
    };

    [[nodiscard]] Line line_from(std::size_t begin);
    [[nodiscard]] std::optional<Line> line_before(const Line& line);
    void collect(const Line& head);
    void put(Extent line);
    void remember(Extent extent);

    std::string_view chunk_;
    WallTime now_;
    std::string source_;         // what grep or docker compose last put in front
    std::optional<Line> ahead_;  // the line behind the last record
    std::vector<Extent> record_; // the one that is being taken
    std::vector<Extent> taken_;  // in order
};

// Where to cut so that the lines of no record, as far as can be seen, are on both sides: before the
// last of them at the earliest `size_max` bytes from the end.
[[nodiscard]] std::size_t
border_of_records(std::string_view text, std::size_t size_max, WallTime now);

} // namespace squall::doctor
