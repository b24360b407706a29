#include "squall/redirect/network_namespace.h"

#include "squall/base/text.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>
#include <sstream>

namespace squall::redirect {
namespace {

constexpr std::size_t table_size_max = 8U << 20U;

struct Route {
    std::string interface;
    std::uint64_t metric = 0;
};

std::optional<std::uint64_t> number_of(const std::string& text, int base) {
    std::uint64_t number = 0;
    const auto end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number, base);
    if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
    return number;
}

std::vector<std::vector<std::string>> rows_of(const char* path) {
    std::vector<std::vector<std::string>> rows;
    const auto text = read_file(path, table_size_max);
    if (!text) return rows;
    for (const std::string& line : split(*text, '\n')) {
        std::istringstream words(line);
        std::vector<std::string> row;
        for (std::string word; words >> word;)
            row.push_back(word);
        if (!row.empty()) rows.push_back(std::move(row));
    }
    return rows;
}

void take_best(std::optional<Route>& best, Route route) {
    if (!best || route.metric < best->metric) best = std::move(route);
}

// "Iface Destination Gateway Flags RefCnt Use Metric Mask …", hexadecimal but for the metric.
std::optional<Route> default_route_ipv4() {
    std::optional<Route> best;
    for (const auto& row : rows_of("/proc/thread-self/net/route")) {
        if (row.size() < 8 || number_of(row[1], 16) != 0U || number_of(row[7], 16) != 0U) continue;
        take_best(best, {row[0], number_of(row[6], 10).value_or(0)});
    }
    return best;
}

// "destination length source length next-hop metric references uses flags interface", hexadecimal.
std::optional<Route> default_route_ipv6() {
    std::optional<Route> best;
    for (const auto& row : rows_of("/proc/thread-self/net/ipv6_route")) {
        if (row.size() < 10 || row[9] == "lo" || number_of(row[1], 16) != 0U) continue;
        if (row[0].find_first_not_of('0') != std::string::npos) continue;
        take_best(best, {row[9], number_of(row[5], 16).value_or(0)});
    }
    return best;
}

} // namespace

NetworkNamespace::NetworkNamespace(Fd fd, std::uint64_t number, std::string text)
    : fd_(std::move(fd)), number_(number), text_(std::move(text)) {}

Result<NetworkNamespace> NetworkNamespace::of_process(pid_t pid) {
    return at(fmt::format("/proc/{}/ns/net", pid));
}

Result<NetworkNamespace> NetworkNamespace::at(const Path& path) {
    Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));

    struct stat status {};

    if (!fd || ::fstat(fd.get(), &status) != 0)
        return fail(errno == ENOENT ? Errc::not_found : Errc::failed,
                    "opening the network namespace {}: {}",
                    path.string(),
                    errno_text(errno));
    return NetworkNamespace(std::move(fd), status.st_ino, path.string());
}

Result<void> NetworkNamespace::enter() const {
    if (::setns(fd_.get(), CLONE_NEWNET) == 0) return {};
    return fail(Errc::failed,
                "entering the network namespace {}: {}",
                text_,
                errno == EPERM ? "it needs root" : errno_text(errno));
}

std::vector<std::string> interfaces() {
    std::vector<std::string> names;
    if (auto* list = ::if_nameindex(); list != nullptr) {
        // NOLINTNEXTLINE(cppcoreguidelines-pro-bounds-pointer-arithmetic): the sockets API's own
        // way
        for (const auto* entry = list; entry->if_index != 0; ++entry)
            names.emplace_back(entry->if_name);
        ::if_freenameindex(list);
    }
    return names;
}

Result<std::string> primary_interface() {
    if (const auto route = default_route_ipv4()) return route->interface;
    if (const auto route = default_route_ipv6()) return route->interface;
    auto names = interfaces();
    std::erase(names, "lo");
    if (names.size() == 1) return names.front();
    return fail(Errc::not_found,
                "no interface has a default route, and there are {} besides lo ({}): name one",
                names.size(),
                join(names, ", "));
}

} // namespace squall::redirect
