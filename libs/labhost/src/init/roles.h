// The roles and tools of a host's init, as roles.cc runs them. Each runs to its end and returns the
// process's exit code; what a user should read goes to standard output and standard error.
#pragma once

#include <string>
#include <vector>

namespace squall::labhost::init {

// PID 1 of a host; see init.h for its options.
[[nodiscard]] int run_init(const std::vector<std::string>& arguments);

[[nodiscard]] int run_systemctl(const std::vector<std::string>& arguments);
[[nodiscard]] int run_systemd_run(const std::vector<std::string>& arguments);
[[nodiscard]] int run_journalctl(const std::vector<std::string>& arguments);
// Upstart's tools, on a host without systemd.
[[nodiscard]] int run_initctl(const std::vector<std::string>& arguments);
[[nodiscard]] int run_start(const std::vector<std::string>& jobs);
[[nodiscard]] int run_stop(const std::vector<std::string>& jobs);
[[nodiscard]] int run_restart(const std::vector<std::string>& jobs);
[[nodiscard]] int run_job_status(const std::vector<std::string>& jobs);
// A lab host reboots at once, and is never switched off: that is refused.
[[nodiscard]] int run_reboot(const std::vector<std::string>& arguments);
[[nodiscard]] int run_shutdown(const std::vector<std::string>& arguments);
[[nodiscard]] int run_poweroff(const std::vector<std::string>& arguments);
[[nodiscard]] int reboot_host();

} // namespace squall::labhost::init
