// What a server of ours shows to clients that speak TLS. Immutable, and shared by the servers and
// connections that use it.
#pragma once

#include "squall/base/result.h"

#include <memory>
#include <string>

namespace squall::transport {

class TlsIdentity {
public:
    // A certificate (those of authorities between it and the client's trust may follow it) and its
    // private key, as PEM. TLS 1.2 is the least that is spoken.
    [[nodiscard]] static Result<std::shared_ptr<const TlsIdentity>>
    make(const std::string& certificates_pem, const std::string& key_pem);

    struct Parts;

    explicit TlsIdentity(std::unique_ptr<Parts> parts);
    TlsIdentity(const TlsIdentity&) = delete;
    TlsIdentity& operator=(const TlsIdentity&) = delete;
    ~TlsIdentity();

    // For the other parts of this library.
    [[nodiscard]] Parts& parts() const { return *parts_; }

private:
    std::unique_ptr<Parts> parts_;
};

} // namespace squall::transport
