// One look at each of several containers, as a client on their host gets it: a GET over a
// connection of its own, to all of them at the same time.
#pragma once

#include "squall/base/clock.h"
#include "squall/net/address.h"

#include <functional>
#include <span>
#include <string>
#include <vector>

namespace squall::host_app {

struct CanaryAnswer {
    // The status, or else in a word or two what there was: "reset", "closed", "timed out",
    // "no connection", "no HTTP".
    std::string outcome;
    Millis took{0};
};

// Called before each connection is made, with its place in the list and the address that it will
// come from.
using BeforeConnecting = std::function<void(std::size_t index, const net::Address& own)>;

// In the order of `servers`. Takes no longer than `limit`, but for what `before` does.
[[nodiscard]] std::vector<CanaryAnswer> ask_canaries(std::span<const net::Address> servers,
                                                     const std::string& path,
                                                     Millis limit,
                                                     const BeforeConnecting& before = {});

} // namespace squall::host_app
