// reset-peer: connections end by a TCP RST: so long after they were accepted, or at a chosen
// moment of a request.
#include "squall/fault/fault.h"

#include <fmt/format.h>

namespace squall::fault {
namespace {

constexpr Millis timeout_max = std::chrono::minutes(10);

class ResetAfterAccept final : public Fault {
public:
    explicit ResetAfterAccept(Millis timeout) : timeout_(timeout) {}

    void treat(const http::RequestHead& /*request*/,
               std::mt19937_64& /*random*/,
               http::Treatment& into) const override {
        // Only some requests are meant (else the connection is not read at all): this one is.
        into.reset_after_accept = timeout_;
    }

    [[nodiscard]] std::optional<Millis> reset_after_accept() const override { return timeout_; }

private:
    Millis timeout_;
};

class ResetWithin final : public Fault {
public:
    explicit ResetWithin(http::ResetAt at) : at_(at) {}

    void treat(const http::RequestHead& /*request*/,
               std::mt19937_64& /*random*/,
               http::Treatment& into) const override {
        into.reset = at_;
    }

private:
    http::ResetAt at_;
};

} // namespace

std::unique_ptr<const Fault> make_reset_peer(Settings& settings) {
    const Millis timeout = settings.millis("RESET_TIMEOUT", Millis(10'000), timeout_max);
    const std::string at = settings.text("RESET_AT", "connect");
    if (at == "connect") return std::make_unique<ResetAfterAccept>(timeout);
    if (settings.has("RESET_TIMEOUT"))
        settings.complain("RESET_TIMEOUT counts from the accept: it is for RESET_AT=connect only");
    if (at == "request") return std::make_unique<ResetWithin>(http::ResetAt::request);
    if (at == "response") return std::make_unique<ResetWithin>(http::ResetAt::response);
    settings.complain(fmt::format("RESET_AT={}: connect, request or response is wanted", at));
    return nullptr;
}

} // namespace squall::fault
