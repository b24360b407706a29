// Netlink by hand: libmnl has no static archive in Debian, and what is needed is little. Messages
// are built as the kernel reads them (linux/netlink.h): attributes aligned to four bytes, nested
// ones with their length filled in when they end.
#pragma once

#include "squall/base/fd.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace squall::redirect {

// Several messages, sent together.
class NetlinkMessages {
public:
    // `header` is the fixed part that follows the message's own header.
    void begin(std::uint16_t type, std::uint16_t flags, std::string_view header);
    void end();

    void put(std::uint16_t type, std::string_view bytes);
    void put_text(std::uint16_t type, std::string_view text); // with a NUL at its end
    void put_u32(std::uint16_t type, std::uint32_t value);    // in network order, as nf_tables has
    void put_u64(std::uint16_t type, std::uint64_t value);    // likewise
    [[nodiscard]] std::size_t nest(std::uint16_t type);
    void end_nest(std::size_t nest);

    [[nodiscard]] std::string_view bytes() const { return bytes_; }

    [[nodiscard]] std::size_t count() const { return count_; }

private:
    std::string bytes_;
    std::size_t begin_ = 0;
    std::size_t count_ = 0;
};

// An attribute of an answer.
struct NetlinkAttribute {
    std::uint16_t type = 0;
    std::string_view payload;
};

[[nodiscard]] std::vector<NetlinkAttribute> attributes_of(std::string_view bytes);
// Empty where it is not there.
[[nodiscard]] std::string_view attribute(std::string_view bytes, std::uint16_t type);

// Belongs to one thread. What the kernel ties to this socket (tables with an owner) goes when it is
// closed.
class NetlinkSocket {
public:
    // NETLINK_NETFILTER, NETLINK_SOCK_DIAG, …
    [[nodiscard]] static Result<NetlinkSocket> open(int protocol);

    // One transaction of nf_tables: all of it, or nothing. 0, or the errno of the first message
    // that the kernel refused.
    [[nodiscard]] int commit(const NetlinkMessages& messages);

    // Sends one message and gives each answer (type, and what follows the message's header) to
    // `take`. 0, or errno.
    [[nodiscard]] int
    ask(const NetlinkMessages& message,
        const std::function<void(std::uint16_t type, std::string_view payload)>& take);

private:
    explicit NetlinkSocket(Fd fd);

    // Sends, and reads until `acknowledgements` came (an error is one), or the end of a dump.
    [[nodiscard]] int exchange(std::string_view bytes,
                               std::size_t acknowledgements,
                               const std::function<void(std::uint16_t, std::string_view)>& take);

    Fd fd_;
    std::vector<char> buffer_;
};

} // namespace squall::redirect
