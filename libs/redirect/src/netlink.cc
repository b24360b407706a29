#include "netlink.h"

#include <arpa/inet.h>
#include <endian.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <cstring>

namespace squall::redirect {
namespace {

constexpr std::size_t buffer_size = 256U << 10U;
// The kernel answers within its system call; this is for one that never does.
constexpr timeval answer_max{5, 0};

std::size_t aligned(std::size_t size) { return NLMSG_ALIGN(size); }

template <class Plain>
std::string_view bytes_of(const Plain& plain) {
    return {reinterpret_cast<const char*>(&plain), sizeof plain}; // NOLINT: as the kernel reads it
}

template <class Plain>
Plain read_as(std::string_view bytes) {
    Plain plain{};
    if (bytes.size() >= sizeof plain) std::memcpy(&plain, bytes.data(), sizeof plain);
    return plain;
}

} // namespace

void NetlinkMessages::begin(std::uint16_t type, std::uint16_t flags, std::string_view header) {
    begin_ = bytes_.size();
    nlmsghdr message{};
    message.nlmsg_type = type;
    message.nlmsg_flags = static_cast<std::uint16_t>(flags | NLM_F_REQUEST);
    message.nlmsg_seq = static_cast<std::uint32_t>(++count_);
    bytes_ += bytes_of(message);
    bytes_ += header;
    bytes_.resize(aligned(bytes_.size()));
}

void NetlinkMessages::end() {
    const auto size = static_cast<std::uint32_t>(bytes_.size() - begin_);
    std::memcpy(bytes_.data() + begin_, &size, sizeof size);
}

void NetlinkMessages::put(std::uint16_t type, std::string_view bytes) {
    const nlattr attribute{static_cast<std::uint16_t>(sizeof(nlattr) + bytes.size()), type};
    bytes_ += bytes_of(attribute);
    bytes_ += bytes;
    bytes_.resize(aligned(bytes_.size()));
}

void NetlinkMessages::put_text(std::uint16_t type, std::string_view text) {
    put(type, std::string(text) + '\0');
}

void NetlinkMessages::put_u32(std::uint16_t type, std::uint32_t value) {
    put(type, bytes_of(htonl(value)));
}

void NetlinkMessages::put_u64(std::uint16_t type, std::uint64_t value) {
    put(type, bytes_of(htobe64(value)));
}

std::size_t NetlinkMessages::nest(std::uint16_t type) {
    const std::size_t nest = bytes_.size();
    const nlattr attribute{0, static_cast<std::uint16_t>(type | NLA_F_NESTED)};
    bytes_ += bytes_of(attribute);
    return nest;
}

void NetlinkMessages::end_nest(std::size_t nest) {
    const auto size = static_cast<std::uint16_t>(bytes_.size() - nest);
    std::memcpy(bytes_.data() + nest, &size, sizeof size);
}

std::vector<NetlinkAttribute> attributes_of(std::string_view bytes) {
    std::vector<NetlinkAttribute> attributes;
    while (bytes.size() >= sizeof(nlattr)) {
        const auto header = read_as<nlattr>(bytes);
        if (header.nla_len < sizeof header || header.nla_len > bytes.size()) break;
        attributes.push_back({static_cast<std::uint16_t>(header.nla_type & NLA_TYPE_MASK),
                              bytes.substr(sizeof header, header.nla_len - sizeof header)});
        bytes.remove_prefix(std::min(aligned(header.nla_len), bytes.size()));
    }
    return attributes;
}

std::string_view attribute(std::string_view bytes, std::uint16_t type) {
    for (const auto& attribute : attributes_of(bytes)) {
        if (attribute.type == type) return attribute.payload;
    }
    return {};
}

NetlinkSocket::NetlinkSocket(Fd fd) : fd_(std::move(fd)), buffer_(buffer_size) {}

Result<NetlinkSocket> NetlinkSocket::open(int protocol) {
    Fd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
    if (!fd) return fail(Errc::failed, "opening a netlink socket: {}", errno_text(errno));
    static_cast<void>(
        ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &answer_max, sizeof answer_max));
    return NetlinkSocket(std::move(fd));
}

int NetlinkSocket::commit(const NetlinkMessages& messages) {
    const auto edge = [](NetlinkMessages& batch, std::uint16_t type) {
        const nfgenmsg header{AF_UNSPEC, NFNETLINK_V0, htons(NFNL_SUBSYS_NFTABLES)};
        batch.begin(type, 0, bytes_of(header));
        batch.end();
    };
    NetlinkMessages begin;
    edge(begin, NFNL_MSG_BATCH_BEGIN);
    NetlinkMessages end;
    edge(end, NFNL_MSG_BATCH_END);
    std::string batch(begin.bytes());
    batch += messages.bytes();
    batch += end.bytes();
    return exchange(batch, messages.count(), [](std::uint16_t, std::string_view) {});
}

int NetlinkSocket::ask(const NetlinkMessages& message,
                       const std::function<void(std::uint16_t, std::string_view)>& take) {
    return exchange(message.bytes(), 1, take);
}

int NetlinkSocket::exchange(std::string_view bytes,
                            std::size_t acknowledgements,
                            const std::function<void(std::uint16_t, std::string_view)>& take) {
    // What is left of an exchange that ended early.
    while (::recv(fd_.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT) > 0) {
    }
    if (::send(fd_.get(), bytes.data(), bytes.size(), 0) < 0) return errno;
    int first_error = 0;
    while (acknowledgements > 0) {
        const auto got = ::recv(fd_.get(), buffer_.data(), buffer_.size(), 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return first_error != 0 ? first_error : errno;
        std::string_view left(buffer_.data(), static_cast<std::size_t>(got));
        while (left.size() >= sizeof(nlmsghdr)) {
            const auto header = read_as<nlmsghdr>(left);
            if (header.nlmsg_len < sizeof header || header.nlmsg_len > left.size()) return EBADMSG;
            const auto payload = left.substr(sizeof header, header.nlmsg_len - sizeof header);
            left.remove_prefix(std::min(aligned(header.nlmsg_len), left.size()));
            if (header.nlmsg_type == NLMSG_DONE) return 0;
            if (header.nlmsg_type != NLMSG_ERROR) {
                take(header.nlmsg_type, payload);
                continue;
            }
            const int error = -read_as<int>(payload);
            if (first_error == 0) first_error = error;
            // A batch that may not even begin is answered once.
            if (error == EPERM || --acknowledgements == 0) return first_error;
        }
    }
    return first_error;
}

} // namespace squall::redirect
