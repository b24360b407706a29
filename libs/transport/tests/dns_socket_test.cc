#include "dns_socket.h"

#include "squall/base/fd.h"

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>

namespace squall::transport {
namespace {

// A socket of c-ares's whose name server is a port of this machine that nobody has.
Fd socket_to_nobody() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* plain = reinterpret_cast<sockaddr*>(&address);
    const Fd freed(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::bind(freed.get(), plain, size), 0);
    EXPECT_EQ(::getsockname(freed.get(), plain, &size), 0);
    Fd asking(open_dns_socket(AF_INET, SOCK_DGRAM, 0));
    EXPECT_EQ(::connect(asking.get(), plain, size), 0);
    return asking;
}

bool hears_of_refusal(const Fd& socket) {
    pollfd waited{socket.get(), POLLIN, 0};
    return ::poll(&waited, 1, 10'000) == 1 && (waited.revents & POLLERR) != 0;
}

ares_ssize_t ask(const Fd& socket) {
    std::array<char, 5> question{"what"};
    const iovec part{question.data(), question.size()};
    return send_to_dns(socket.get(), &part, 1);
}

TEST(DnsSocket, ARefusalOfOneQuestionIsReadAndKeepsNoOtherFromBeingAsked) {
    const Fd socket = socket_to_nobody();
    EXPECT_EQ(ask(socket), 5);
    ASSERT_TRUE(hears_of_refusal(socket));
    EXPECT_EQ(ask(socket), 5) << "it is told of the first one";
    ASSERT_TRUE(hears_of_refusal(socket)) << "of the second one";
    char answer = 0;
    EXPECT_EQ(::recv(socket.get(), &answer, 1, 0), -1);
    EXPECT_EQ(errno, ECONNREFUSED);
}

TEST(DnsSocket, WhatAStreamsServerRefusedIsAnErrorAtOnce) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* plain = reinterpret_cast<sockaddr*>(&address);
    // Bound and not listening: whoever connects is refused.
    const Fd deaf(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::bind(deaf.get(), plain, size), 0);
    ASSERT_EQ(::getsockname(deaf.get(), plain, &size), 0);
    const Fd socket(open_dns_socket(AF_INET, SOCK_STREAM, 0));
    ASSERT_EQ(::connect(socket.get(), plain, size), -1);
    ASSERT_EQ(errno, EINPROGRESS);
    ASSERT_TRUE(hears_of_refusal(socket));
    EXPECT_EQ(ask(socket), -1);
    EXPECT_EQ(errno, ECONNREFUSED);
}

} // namespace
} // namespace squall::transport
