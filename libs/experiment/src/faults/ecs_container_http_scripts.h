// What the faults on a container's HTTP traffic have a host do. POSIX sh. The order fetches the
// helper (squall-host) where it is missing, arms the undo, has the helper falsify the traffic of
// the tasks, and prints one line of JSON with the helper's own in it; the undo has the helper stop,
// which brings what it has counted.
//   $bin/SHA256/squall-host  the helper, there to stay: it is known by its hash
//   $bin/part.PID            one that is being fetched: nobody's when that process is gone
#pragma once

#include <string>
#include <vector>

namespace squall::experiment {

// What is printed and locked by all of these faults: a host has one of them at a time.
inline constexpr const char* http_hold_name = "ecs-container-http";

struct HttpHelper {
    std::string architecture; // as uname -m says it
    std::string sha256;
    std::string url; // empty: it has to be there already
};

struct HttpOrder {
    std::string run;
    std::string issued_at; // times are seconds since 1970
    std::string not_after;
    std::string restore_at;
    std::string longest; // seconds
    std::string tasks;   // ids, with commas between
    bool fetches = true; // INSTALL_DEPENDENCIES
    std::vector<HttpHelper> helpers;
    std::vector<std::string> arguments; // of `squall-host proxy`, beside its tasks and times
};

[[nodiscard]] std::string http_start_script(const HttpOrder& order);

// From every state, and any number of times. Until `not_after` an order that still comes is void.
[[nodiscard]] std::string http_stop_script(const std::string& run, const std::string& not_after);

[[nodiscard]] std::string http_list_script();
[[nodiscard]] std::string http_removal_script(const std::vector<std::string>& runs);

} // namespace squall::experiment
