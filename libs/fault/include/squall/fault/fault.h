// What is done to a container's HTTP traffic: each fault is one file in src/, and says what it
// wants done with a request (http::Treatment). Faults are immutable once made.
#pragma once

#include "squall/fault/settings.h"
#include "squall/http/treatment.h"

#include <memory>
#include <random>
#include <string_view>

namespace squall::fault {

// Of modify-body, where nothing is said.
inline constexpr std::string_view modified_body_by_default = "This body was made by Squall.\n";

class Fault {
public:
    Fault() = default;
    Fault(const Fault&) = delete;
    Fault& operator=(const Fault&) = delete;
    virtual ~Fault() = default;

    // Adds to what others want of the same exchange. `random` is for chance.
    virtual void treat(const http::RequestHead& request,
                       std::mt19937_64& random,
                       http::Treatment& into) const = 0;

    // Not null: treat() adds this answer and nothing else, whatever the request says.
    [[nodiscard]] virtual std::shared_ptr<const http::Answer> answer_to_all() const {
        return nullptr;
    }

    // Not nothing: connections are reset so long after they were accepted, whatever they say.
    [[nodiscard]] virtual std::optional<Millis> reset_after_accept() const { return std::nullopt; }
};

struct FaultKind {
    std::string_view name;
    std::string_view summary;
    // Null where the settings have problems.
    std::unique_ptr<const Fault> (*make)(Settings& settings);
};

// The faults there are; the caller's to keep.
[[nodiscard]] std::vector<FaultKind> fault_kinds();

[[nodiscard]] std::unique_ptr<const Fault> make_reset_peer(Settings& settings);
[[nodiscard]] std::unique_ptr<const Fault> make_status_code(Settings& settings);
[[nodiscard]] std::unique_ptr<const Fault> make_latency(Settings& settings);
[[nodiscard]] std::unique_ptr<const Fault> make_modify_body(Settings& settings);

} // namespace squall::fault
