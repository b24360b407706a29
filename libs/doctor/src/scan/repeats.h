// What was read in lines that come again and again with nothing but another time: a stopped Docker
// makes the agent write 25,000 of them a second.
#pragma once

#include "scan/matcher.h"

#include <array>
#include <utility>

namespace squall::doctor {

class Repeats {
public:
    struct Known {
        std::string line;
        Reading reading;
        bool has_time = false;
    };

    // What is known of a record of this one line, and its time. Null where the line is new. Valid
    // until the next remember().
    [[nodiscard]] const Known* find(std::string_view line, std::optional<WallTime>& when) const;

    void remember(std::string_view line, const Reading& reading, std::optional<WallTime> when);
    void clear();

private:
    static constexpr std::size_t slots = 64;
    static constexpr std::size_t times_max = 4;

    struct Span {
        std::size_t begin = 0;
        std::size_t end = 0;
    };

    struct Slot {
        Known known;
        std::array<Span, times_max> times; // where there may be anything
        std::size_t times_size = 0;
        std::size_t time = 0; // which of them is the record's
        bool is_used = false;
    };

    [[nodiscard]] static std::size_t slot_of(std::string_view line);

    std::array<Slot, slots> slots_;
};

} // namespace squall::doctor
