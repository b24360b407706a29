// A crowd of clients that say nothing: how each of their connections ends, and when, after the
// handshake's answer (as the kernel sent the packets: capture.h). Prints one line of JSON.
#include "capture.h"
#include "net.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>

namespace squall::bench {
namespace {

constexpr const char* usage =
    "bench-resets HOST PORT COUNT AFTER_MS OPENED_PER_SECOND (0: at once)";
constexpr std::uint64_t second_ns = 1'000'000'000;
constexpr std::uint64_t patience_ns = 8 * second_ns;
constexpr int opened_at_once = 64; // before events are looked at

struct Crowd {
    const char* host;
    std::uint16_t port;
    std::uint64_t count;
    std::uint64_t after_ms;
    std::uint64_t rate;
};

// Opens all, and waits until each has ended or nothing more is to be expected; how many are open.
std::uint64_t meet(const Crowd& crowd) {
    Epoll epoll;
    const std::uint64_t begun = now_ns();
    std::uint64_t opened = 0;
    std::uint64_t ended = 0;
    std::uint64_t last_opened = begun;
    while (ended < crowd.count) {
        for (int burst = 0; opened < crowd.count && burst < opened_at_once; ++burst) {
            if (crowd.rate > 0 && (now_ns() - begun) * crowd.rate / second_ns < opened) break;
            const int fd = begin_connecting(crowd.host, crowd.port);
            if (fd < 0) give_up("connecting");
            epoll.add(fd, EPOLLRDHUP | EPOLLET);
            ++opened;
            last_opened = now_ns();
        }
        const auto events = epoll.wait(opened < crowd.count ? 0 : second_ns / 50);
        for (const epoll_event& event : events) {
            ::close(event.data.fd);
            ++ended;
        }
        if (opened == crowd.count
            && now_ns() - last_opened > crowd.after_ms * 1'000'000 + patience_ns)
            break;
    }
    return opened - ended;
}

struct Result {
    std::vector<double> late_ms; // how far from the time each reset was; sorted
    double earliest_ms = 0;      // below 0: too early
    std::uint64_t ends = 0;      // FIN instead
};

Result judge(const std::vector<Packet>& packets, double after_ms) {
    Result result;
    std::map<std::uint16_t, std::uint64_t> accepted;
    for (const Packet& packet : packets) {
        if (packet.is_accept) accepted.insert_or_assign(packet.to_port, packet.time_ns);
        const auto since = accepted.find(packet.to_port);
        if (since == accepted.end()) continue;
        if (packet.is_end) ++result.ends;
        if (!packet.is_reset) continue;
        const double late =
            static_cast<double>(static_cast<std::int64_t>(packet.time_ns - since->second)) / 1e6
            - after_ms;
        result.earliest_ms = result.late_ms.empty() ? late : std::min(result.earliest_ms, late);
        result.late_ms.push_back(late < 0 ? -late : late);
        accepted.erase(since);
    }
    std::sort(result.late_ms.begin(), result.late_ms.end());
    return result;
}

double quantile(const std::vector<double>& sorted, double share) {
    if (sorted.empty()) return -1;
    const auto place = static_cast<std::size_t>(share * static_cast<double>(sorted.size()));
    return sorted[std::min(place, sorted.size() - 1)];
}

int measure(std::span<char*> arguments) {
    const auto word = [&](std::size_t place) {
        return argument(arguments, place, usage);
    };
    const Crowd crowd{word(1),
                      static_cast<std::uint16_t>(number(word(2))),
                      number(word(3)),
                      number(word(4)),
                      number(word(5))};
    raise_descriptor_limit();
    Capture capture(crowd.port);
    const std::int64_t offset = day_offset_ns();
    const std::uint64_t open = meet(crowd);
    const std::int64_t set_by = day_offset_ns() - offset;
    const Result result = judge(capture.read(), static_cast<double>(crowd.after_ms));
    std::printf("{\"resets\": %zu, \"ends\": %llu, \"open\": %llu, \"lost\": %llu, "
                "\"clock_set_by_ms\": %.3f, \"p50_ms\": %.4f, "
                "\"p99_ms\": %.4f, \"max_ms\": %.4f, \"earliest_ms\": %.4f}\n",
                result.late_ms.size(),
                static_cast<unsigned long long>(result.ends),
                static_cast<unsigned long long>(open),
                static_cast<unsigned long long>(capture.lost()),
                static_cast<double>(set_by) / 1e6,
                quantile(result.late_ms, 0.5),
                quantile(result.late_ms, 0.99),
                quantile(result.late_ms, 1),
                result.earliest_ms);
    return 0;
}

} // namespace
} // namespace squall::bench

int main(int argc, char** argv) {
    return squall::bench::measure({argv, static_cast<std::size_t>(argc)});
}
