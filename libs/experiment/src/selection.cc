#include "selection.h"

#include "squall/base/text.h"

#include <algorithm>
#include <random>

namespace squall::experiment {

Result<std::vector<WaveEnd>> parse_waves(std::string_view text) {
    std::vector<WaveEnd> ends;
    for (const auto& part : split(text, ',')) {
        const bool is_percent = part.ends_with('%');
        const auto number =
            to_integer(std::string_view(part).substr(0, part.size() - (is_percent ? 1 : 0)));
        if (!number || *number < 1 || (is_percent && *number > 100))
            return fail(Errc::invalid_input, "'{}' is no number of hosts and no percentage", part);
        // A number and a percentage cannot be compared before the hosts are known.
        const auto before = std::find_if(ends.rbegin(), ends.rend(), [&](const WaveEnd& end) {
            return end.is_percent == is_percent;
        });
        if (before != ends.rend() && before->number >= *number)
            return fail(Errc::invalid_input,
                        "'{}' goes no further than the {}{} before it",
                        part,
                        before->number,
                        is_percent ? "%" : "");
        ends.push_back({*number, is_percent});
    }
    if (ends.empty() || !ends.back().is_percent || ends.back().number != 100)
        return fail(Errc::invalid_input,
                    "the last wave must be 100%, so that every host is in one (fewer hosts: "
                    "INSTANCE_AFFECTED_PERC)");
    return ends;
}

std::size_t percent_of(std::size_t total, std::int64_t percent) {
    return (total * static_cast<std::size_t>(percent) + 99) / 100;
}

std::vector<std::size_t> wave_sizes(const std::vector<WaveEnd>& ends, std::size_t total) {
    std::vector<std::size_t> sizes;
    std::size_t done = 0;
    for (const auto& end : ends) {
        const auto upto = std::min(total,
                                   end.is_percent ? percent_of(total, end.number)
                                                  : static_cast<std::size_t>(end.number));
        if (upto <= done) continue;
        sizes.push_back(upto - done);
        done = upto;
    }
    return sizes;
}

std::vector<std::string> shuffled(std::vector<std::string> ids, std::int64_t seed) {
    // Not std::shuffle: what that does with the same numbers is the library's choice.
    std::mt19937_64 random(static_cast<std::uint64_t>(seed));
    for (std::size_t left = ids.size(); left > 1; --left) {
        const std::uint64_t fair = std::mt19937_64::max() - std::mt19937_64::max() % left;
        std::uint64_t number = random();
        while (number >= fair)
            number = random();
        std::swap(ids[left - 1], ids[number % left]);
    }
    return ids;
}

} // namespace squall::experiment
