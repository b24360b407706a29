#include "patterns/rarity.h"

#include "squall/base/text.h"

#include <algorithm>

namespace squall::doctor {
namespace {

// JSON and XML write these otherwise; and what stands behind a key differs between logfmt and JSON.
constexpr std::string_view rewritten = "\"\\<>&=";

std::size_t place_of(char first, char second) {
    return static_cast<std::size_t>(static_cast<unsigned char>(first)) << 8U
           | static_cast<unsigned char>(second);
}

} // namespace

Rarity::Rarity(const std::vector<std::string>& texts, const std::vector<std::string>& usual) {
    for (const std::string& each : texts) {
        const std::string text = lower(each);
        for (std::size_t i = 1; i < text.size(); ++i)
            ++pairs_[place_of(text[i - 1], text[i])];
    }
    for (const std::string& line : usual)
        usual_ += lower(line) + '\n';
}

Rarity::Part Rarity::judged(std::string_view part) const {
    constexpr std::uint64_t may_be_rewritten = 1'000'000;
    Part judged{std::string(part), usual_.find(part) != std::string::npos, 0};
    for (std::size_t i = 1; i < part.size(); ++i)
        judged.commonness += pairs_[place_of(part[i - 1], part[i])];
    if (part.find_first_of(rewritten) != std::string_view::npos)
        judged.commonness += may_be_rewritten;
    return judged;
}

Rarity::Part Rarity::rarest_part(std::string_view text) const {
    const std::string small = lower(text);
    const std::string_view whole = small;
    Part best = judged(whole.substr(0, part_max));
    for (std::size_t at = 1; at + part_max <= whole.size(); ++at) {
        Part part = judged(whole.substr(at, part_max));
        if (std::pair(part.is_usual, part.commonness) < std::pair(best.is_usual, best.commonness))
            best = std::move(part);
    }
    return best;
}

std::vector<std::string> Rarity::parts_of_all(std::vector<std::string> texts) const {
    std::stable_sort(texts.begin(), texts.end(), [](const std::string& a, const std::string& b) {
        return a.size() < b.size();
    });
    std::vector<std::string> parts;
    for (const std::string& each : texts) {
        const std::string text = lower(each);
        const bool is_covered = std::any_of(parts.begin(), parts.end(), [&](const auto& part) {
            return text.find(part) != std::string::npos;
        });
        if (!is_covered) parts.push_back(rarest_part(text).text);
    }
    return parts;
}

} // namespace squall::doctor
