// Which hosts of many are taken, and in which waves. The same seed makes the same choice, on every
// machine and in every build.
#pragma once

#include "squall/base/result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace squall::experiment {

// How far a wave goes: up to so many hosts in all, or up to so many percent of them.
struct WaveEnd {
    std::int64_t number = 0;
    bool is_percent = false;
};

// "1,10%,100%": each further than the one before it, the last all of them.
[[nodiscard]] Result<std::vector<WaveEnd>> parse_waves(std::string_view text);

// How many hosts each wave adds, of `total`. Waves that would add none are left out.
[[nodiscard]] std::vector<std::size_t> wave_sizes(const std::vector<WaveEnd>& ends,
                                                  std::size_t total);

// So many percent of `total`, rounded up: of one or more always one or more.
[[nodiscard]] std::size_t percent_of(std::size_t total, std::int64_t percent);

// In an order that depends on the seed alone.
[[nodiscard]] std::vector<std::string> shuffled(std::vector<std::string> ids, std::int64_t seed);

} // namespace squall::experiment
