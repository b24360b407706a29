// A TLS server that shakes hands and says nothing more, with a certificate made for the test.
#pragma once

#include "squall/base/fd.h"
#include "squall/base/file.h"

#include <chrono>
#include <string>
#include <thread>

namespace squall::transport {

struct CertificateWish {
    std::string name = "ecs.test";
    std::chrono::hours valid_from{-1}; // from now on
    std::chrono::hours valid_to{1};
};

class TlsServer {
public:
    explicit TlsServer(const CertificateWish& wish);
    TlsServer(const TlsServer&) = delete;
    TlsServer& operator=(const TlsServer&) = delete;
    ~TlsServer();

    [[nodiscard]] std::uint16_t port() const { return port_; }

    // Its certificate, which is its own authority.
    [[nodiscard]] const std::string& certificate() const { return certificate_; }

private:
    Fd listening_;
    std::uint16_t port_ = 0;
    std::string certificate_;
    std::thread thread_;
};

} // namespace squall::transport
