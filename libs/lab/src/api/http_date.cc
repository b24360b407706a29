#include "api/http_date.h"

#include <fmt/chrono.h>

namespace squall::lab {

std::string http_date(WallTime when) {
    const auto time = Wall::to_time_t(std::chrono::time_point_cast<Wall::duration>(when));
    return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(time));
}

} // namespace squall::lab
