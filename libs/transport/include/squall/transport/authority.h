// A certificate authority of our own, for servers of our own: who trusts it accepts what it issued.
#pragma once

#include "squall/base/clock.h"
#include "squall/base/result.h"

#include <memory>
#include <string>
#include <vector>

namespace squall::transport {

// From the first moment to the last.
struct Validity {
    WallTime from;
    WallTime until;
};

class Authority {
public:
    // A year from now, and a day before: clocks may be off.
    [[nodiscard]] static Validity lifetime(WallTime now);

    // Certificates name their issuer by `name`, the lab's own unless it is given.
    [[nodiscard]] static Result<Authority> make(const Validity& validity,
                                                const std::string& name = {});

    Authority(Authority&&) noexcept;
    Authority& operator=(Authority&&) noexcept;
    Authority(const Authority&) = delete;
    Authority& operator=(const Authority&) = delete;
    ~Authority();

    [[nodiscard]] const std::string& certificate_pem() const;

    struct Issued {
        std::string certificate_pem;
        std::string key_pem;
    };

    // For a server that has all these names ("*.us-east-1.amazonaws.com").
    [[nodiscard]] Result<Issued> issue(const std::vector<std::string>& names,
                                       const Validity& validity) const;

private:
    struct Parts;

    explicit Authority(std::unique_ptr<Parts> parts);

    std::unique_ptr<Parts> parts_;
};

} // namespace squall::transport
