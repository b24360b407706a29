// What the things around one agent are called, so that a remedy can be run as it stands. Values:
// may be used from every thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace squall::doctor {

// Empty: not known.
struct Names {
    std::string cluster;
    std::string region;
    std::string account;
    std::string instance;           // "i-…", "mi-…"
    std::string container_instance; // its ARN
    std::string role;               // of the instance, without its ARN

    // Takes over what is not known yet. Values that a shell would not take for one word are left
    // out: an archive may have been written by anybody.
    void learn(const Names& other);
};

struct NameField {
    std::string_view key;  // "cluster", as looks are kept
    std::string_view word; // "CLUSTER", for people to fill in
    std::string Names::*value;
};

[[nodiscard]] std::span<const NameField> name_fields();

// `text` with what is known put for {cluster}, {region}, {account}, {instance},
// {container_instance} and {role}, and the word to fill in for what is not.
[[nodiscard]] std::string filled_in(std::string_view text, const Names& names);

} // namespace squall::doctor
