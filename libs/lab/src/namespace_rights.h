// The rights over namespaces, networks and mounts that a lab needs. Root has them. For anybody else
// there is a user namespace in which the caller is root and nobody else exists: what the lab makes
// from there on belongs to it, and its rights end where the caller's own things end.
#pragma once

#include "squall/base/file.h"
#include "squall/base/result.h"

#include <cstdint>
#include <optional>
#include <string>

namespace squall::lab {

// What is tried, in this order; the last two are what every host of the lab begins with.
enum class RightsStep { user_namespace, identity, namespaces, proc };

// What the machine says about user namespaces; nothing where its kernel has no such setting.
struct NamespaceSettings {
    std::optional<std::int64_t> unprivileged_userns_clone; // 0 forbids; Debian's and Arch's kernels
    std::optional<std::int64_t> apparmor_restricts;        // 1 forbids; Ubuntu's, from 23.10 on
    std::optional<std::int64_t> user_namespaces_max;       // 0 forbids

    // Read before a user namespace is entered: each has limits of its own.
    [[nodiscard]] static NamespaceSettings read(const Path& folder = "/proc/sys");
};

// What was tried, why this machine refuses it (`number` is the errno), and what to do about it.
[[nodiscard]] std::string
why_refused(RightsStep step, int number, const NamespaceSettings& settings);

// Sees to it that this process may do what a lab does, and tries it once, so that a lab that cannot
// come up does not begin. The network stays the caller's own. For a process with one thread; denied
// says why not. What it changes cannot be taken back: the process is the lab's from here on.
[[nodiscard]] Result<void> take_namespace_rights();

} // namespace squall::lab
