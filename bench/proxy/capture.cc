#include "capture.h"

#include "net.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <ctime>

namespace squall::bench {
namespace {

constexpr int room = 256 << 20; // 9,000 connections are some 40 MB of them
constexpr std::uint64_t stamps_begin_ns = 100'000'000;
constexpr std::uint32_t tcp_flags_at = 13;

// TCP over IPv4 from this port, with SYN, RST or FIN.
void filter(int fd, std::uint16_t from_port) {
    const std::uint32_t flags = TH_SYN | TH_RST | TH_FIN;
    std::array<sock_filter, 9> steps{{
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9), // the protocol
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 6),
        BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0), // the IP head's length
        BPF_STMT(BPF_LD | BPF_H | BPF_IND, 0),  // the source port
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, from_port, 0, 3),
        BPF_STMT(BPF_LD | BPF_B | BPF_IND, tcp_flags_at),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, flags, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 128),
        BPF_STMT(BPF_RET | BPF_K, 0),
    }};
    const sock_fprog program{steps.size(), steps.data()};
    if (::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0)
        give_up("filtering packets");
}

std::uint64_t time_of(msghdr& message) {
    for (cmsghdr* one = CMSG_FIRSTHDR(&message); one != nullptr; one = CMSG_NXTHDR(&message, one)) {
        if (one->cmsg_level != SOL_SOCKET || one->cmsg_type != SCM_TIMESTAMPNS) continue;
        timespec time{};
        std::memcpy(&time, CMSG_DATA(one), sizeof time);
        return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000
               + static_cast<std::uint64_t>(time.tv_nsec);
    }
    return 0;
}

Packet packet_of(const char* bytes) {
    iphdr ip{};
    tcphdr tcp{};
    std::memcpy(&ip, bytes, sizeof ip);
    std::memcpy(&tcp, bytes + std::size_t{4} * ip.ihl, sizeof tcp);
    Packet packet;
    packet.to_port = ntohs(tcp.dest);
    packet.is_accept = tcp.syn != 0 && tcp.ack != 0;
    packet.is_reset = tcp.rst != 0;
    packet.is_end = tcp.fin != 0;
    return packet;
}

} // namespace

Capture::Capture(std::uint16_t from_port)
    : fd_(::socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    if (fd_ < 0) give_up("capturing packets");
    filter(fd_, from_port);
    const int one = 1;
    sockaddr_ll everywhere{};
    everywhere.sll_family = AF_PACKET;
    everywhere.sll_protocol = htons(ETH_P_ALL); // what is sent is shown to those of all protocols
    if (::setsockopt(fd_, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one) != 0
        || ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) != 0
        || ::bind(fd_, reinterpret_cast<const sockaddr*>(&everywhere), sizeof everywhere) != 0)
        give_up("capturing packets");
    // Until the kernel stamps: it switches that on by a worker of its own.
    Epoll().wait(stamps_begin_ns);
}

std::vector<Packet> Capture::read() {
    std::vector<Packet> packets;
    const auto now = static_cast<std::uint64_t>(day_offset_ns()) + now_ns();
    for (;;) {
        std::array<char, 128> bytes{};
        std::array<char, 256> control{};
        sockaddr_ll from{};
        iovec vector{bytes.data(), bytes.size()};
        msghdr message{};
        message.msg_name = &from;
        message.msg_namelen = sizeof from;
        message.msg_iov = &vector;
        message.msg_iovlen = 1;
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        const auto got = ::recvmsg(fd_, &message, 0);
        if (got < 0) return packets;
        // Loopback shows each packet twice: as it leaves, and as it comes.
        if (from.sll_pkttype != PACKET_OUTGOING
            || static_cast<std::size_t>(got) < sizeof(iphdr) + sizeof(tcphdr))
            continue;
        packets.push_back(packet_of(bytes.data()));
        packets.back().time_ns = time_of(message);
        if (packets.back().time_ns >= now) ++unstamped_;
    }
}

std::uint64_t Capture::lost() const {
    tpacket_stats statistics{};
    socklen_t size = sizeof statistics;
    if (::getsockopt(fd_, SOL_PACKET, PACKET_STATISTICS, &statistics, &size) != 0)
        give_up("asking for lost packets");
    return statistics.tp_drops + unstamped_;
}

} // namespace squall::bench
