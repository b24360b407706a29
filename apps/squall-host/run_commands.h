// What is asked of proxies that run, or have run: status, stop, forget.
#pragma once

#include "squall/base/clock.h"

#include <optional>
#include <string>

namespace squall::host_app {

// All runs where it is empty. One line of JSON.
[[nodiscard]] int run_status(const std::string& run);

// Disarms the run's proxies, waits for their end, and kills what does not end. One line of JSON.
[[nodiscard]] int run_stop(const std::string& run, std::optional<Seconds> drain);

// Removes what its ended proxies have left to be read.
[[nodiscard]] int run_forget(const std::string& run);

} // namespace squall::host_app
