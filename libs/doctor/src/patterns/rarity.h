// Which part of a text tells the lines apart in which it is: a few characters are found at twice
// the speed of many, where they are rare.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace squall::doctor {

class Rarity {
public:
    // What Hyperscan compares at once; of more, it has to make sure.
    static constexpr std::size_t part_max = 8;

    struct Part {
        std::string text;
        bool is_usual = false;        // in the lines that say nothing, too
        std::uint64_t commonness = 0; // among others of the same size; without a unit
    };

    // `texts` are such as it is asked about, and `usual` are lines that say nothing.
    Rarity(const std::vector<std::string>& texts, const std::vector<std::string>& usual);

    // Of a text that is not empty. In small letters.
    [[nodiscard]] Part rarest_part(std::string_view text) const;
    // As few as will do: each of the texts has one of them in it.
    [[nodiscard]] std::vector<std::string> parts_of_all(std::vector<std::string> texts) const;

private:
    [[nodiscard]] Part judged(std::string_view part) const;

    std::array<std::uint32_t, 256UL * 256UL> pairs_{}; // how often two characters come together
    std::string usual_;
};

} // namespace squall::doctor
