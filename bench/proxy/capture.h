// When the kernel sent the packets that begin and end connections of one port: its own time stamps,
// for packets that leave from that port on this network namespace's interfaces. Nothing is read
// before the end, so that capturing costs the measured processes nothing. The stamps are of the
// time of day: who sets it meanwhile spoils them (day_offset_ns() tells). Wants CAP_NET_RAW.
#pragma once

#include <cstdint>
#include <vector>

namespace squall::bench {

struct Packet {
    std::uint64_t time_ns = 0;
    std::uint16_t to_port = 0;
    bool is_accept = false; // SYN and ACK
    bool is_reset = false;
    bool is_end = false; // FIN
};

class Capture {
public:
    explicit Capture(std::uint16_t from_port);
    // All since it was made, in their order.
    [[nodiscard]] std::vector<Packet> read();
    // How many the kernel had no room for, or had not stamped (it begins to some time after it was
    // asked, and stamps what it has not when it is read).
    [[nodiscard]] std::uint64_t lost() const;

private:
    int fd_;
    std::uint64_t unstamped_ = 0;
};

} // namespace squall::bench
