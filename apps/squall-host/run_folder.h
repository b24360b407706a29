// Where running proxies are found, and what they leave: below /var/run/squall/proxy a folder for
// each run, in it NAME.sock while a proxy lives, and NAME.json with its last state after that. A
// reboot takes all of it away.
#pragma once

#include "squall/base/file.h"
#include "squall/base/json.h"

#include <string>
#include <vector>

namespace squall::host_app {

struct ProxyPlace {
    std::string run;
    std::string name; // the task's id, or what else the proxy was given

    [[nodiscard]] Path socket() const;
    [[nodiscard]] Path record() const;
};

// Of this run, or of all where it is empty. By run, then by name.
[[nodiscard]] std::vector<ProxyPlace> places(const std::string& run);

// What the host's own canary has got (host_canary.h): before and after, and during the fault, which
// another process asks.
struct CanaryFiles {
    Path record;
    Path during;
};

[[nodiscard]] CanaryFiles canary_files(const std::string& run);

// A run is a word of lower-case letters, digits and '-', of at most 40.
[[nodiscard]] bool is_run(const std::string& text);

// Removes what proxies of this run have left that have ended or were killed.
void forget(const std::string& run);

} // namespace squall::host_app
