// A network namespace, and what is in it.
#pragma once

#include "squall/base/fd.h"
#include "squall/base/file.h"

#include <cstdint>
#include <string>
#include <vector>

namespace squall::redirect {

class NetworkNamespace {
public:
    [[nodiscard]] static Result<NetworkNamespace> of_process(pid_t pid);
    // As `ip netns` and /proc have them.
    [[nodiscard]] static Result<NetworkNamespace> at(const Path& path);

    // For the calling thread, from now on. Needs root.
    [[nodiscard]] Result<void> enter() const;

    // Two are the same when these are.
    [[nodiscard]] std::uint64_t number() const { return number_; }

private:
    NetworkNamespace(Fd fd, std::uint64_t number, std::string text);

    Fd fd_;
    std::uint64_t number_;
    std::string text_; // for messages
};

// The following are of the calling thread's namespace.

// The one with the default route (IPv4 before IPv6, the least metric), else the only one there is
// besides lo.
[[nodiscard]] Result<std::string> primary_interface();

[[nodiscard]] std::vector<std::string> interfaces();

} // namespace squall::redirect
