#include "ssm/output_limit.h"

#include <algorithm>

namespace squall::labhost {
namespace {

constexpr std::string_view suffix = "\n--output truncated--";
constexpr std::string_view error_mark = "\n----------ERROR-------\n";

} // namespace

std::string truncated(std::string_view text, std::size_t limit) {
    if (text.size() <= limit) return std::string(text);
    return std::string(text.substr(0, limit - suffix.size())) + std::string(suffix);
}

std::string combined_output(std::string_view standard_output, std::string_view standard_error) {
    if (standard_error.empty()) return truncated(standard_output, combined_output_max);
    const std::size_t whole = standard_output.size() + error_mark.size() + standard_error.size();
    if (whole <= combined_output_max)
        return std::string(standard_output) + std::string(error_mark) + std::string(standard_error);
    // Each stream gets half; what one leaves, the other may have.
    const std::size_t room = combined_output_max - error_mark.size();
    const std::size_t error_share = std::min(
        standard_error.size(), std::max(room / 2, room - std::min(room, standard_output.size())));
    return truncated(standard_output, room - error_share) + std::string(error_mark)
           + truncated(standard_error, error_share);
}

} // namespace squall::labhost
