#include "checks/look.h"

#include "squall/base/text.h"

#include <array>

namespace squall::host {
namespace {

// Bytes that are no UTF-8, and control characters, become '?'.
std::string printable(std::string_view text) {
    std::string clean(text.substr(0, Evidence::text_max));
    // A character may have been cut in two.
    for (int i = 0; i < 3 && clean.size() < text.size() && !is_valid_utf8(clean); ++i)
        clean.pop_back();
    const bool is_text = is_valid_utf8(clean);
    for (char& one : clean) {
        const auto byte = static_cast<unsigned char>(one);
        if ((byte < 0x20 && one != '\n' && one != '\t') || byte == 0x7F
            || (!is_text && byte >= 0x80))
            one = '?';
    }
    return clean;
}

} // namespace

Look healthy(std::string summary) {
    Look look;
    look.state = Look::State::healthy;
    look.summary = std::move(summary);
    return look;
}

Look not_here(std::string summary) {
    Look look;
    look.state = Look::State::not_here;
    look.summary = std::move(summary);
    return look;
}

Look could_not_look(std::string why, std::string how) {
    Look look;
    look.state = Look::State::could_not_look;
    look.summary = std::move(why);
    look.how = std::move(how);
    return look;
}

Look finding(Sign sign) {
    Look look;
    look.state = Look::State::finding;
    look.summary = sign.summary;
    look.signs.push_back(std::move(sign));
    return look;
}

Look finding_or_healthy(std::vector<Sign> signs, std::string healthy_summary) {
    if (signs.empty()) return healthy(std::move(healthy_summary));
    Look look;
    look.state = Look::State::finding;
    look.summary = signs.front().summary;
    look.signs = std::move(signs);
    return look;
}

Look named(std::string check, Look look) {
    look.check = std::move(check);
    return look;
}

Evidence evidence(std::string asked, std::string_view came) {
    Evidence seen;
    seen.file = std::move(asked);
    seen.text = printable(trimmed(came));
    return seen;
}

Sign sign(std::string cause,
          Certainty certainty,
          std::string summary,
          std::vector<Evidence> evidence,
          std::vector<std::string> remedy) {
    return {
        std::move(cause), certainty, std::move(summary), std::move(evidence), std::move(remedy)};
}

std::string size_text(std::uint64_t bytes) {
    constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB"};
    auto size = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (size >= 1024 && unit + 1 < units.size()) {
        size /= 1024;
        ++unit;
    }
    return size < 10 && unit > 0 ? fmt::format("{:.1f} {}", size, units.at(unit))
                                 : fmt::format("{:.0f} {}", size, units.at(unit));
}

} // namespace squall::host
