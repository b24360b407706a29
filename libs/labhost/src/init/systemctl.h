// What the verbs of systemctl share. Each verb prints and returns the exit code.
#pragma once

#include "init/init_client.h"
#include "init/tool_options.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace squall::labhost::init {

// Exit codes of LSB, as systemctl uses them.
inline constexpr int exit_not_installed = 5;
inline constexpr int exit_not_running = 3;
inline constexpr int exit_no_such_unit = 4;

struct Systemctl {
    InitClient client;
    GivenOptions given;
    std::vector<std::string> words; // after the verb

    [[nodiscard]] bool is_quiet() const { return given.has("quiet"); }
};

// systemctl_jobs.cc: start, stop, restart, try-restart. `shown` is the verb for messages.
[[nodiscard]] int run_jobs_verb(Systemctl& call, std::string_view verb, std::string_view shown);
// systemctl_show.cc
[[nodiscard]] int run_show(Systemctl& call);
// systemctl_status.cc
[[nodiscard]] int run_status(Systemctl& call);
// systemctl_lists.cc
[[nodiscard]] int run_list_units(Systemctl& call);
[[nodiscard]] int run_list_timers(Systemctl& call);
[[nodiscard]] int run_list_unit_files(Systemctl& call);
[[nodiscard]] int run_list_jobs(Systemctl& call);

// Prints to standard error, and returns 1.
int complain(std::string_view message);
// The message for a job that did not end well; nothing for one that did.
[[nodiscard]] std::optional<std::string>
job_complaint(InitClient& client, std::string_view unit, std::string_view result);

// To standard error, where init has not read the newest files of a unit.
void warn_if_changed(const json::Object& unit);

// "●", "○" or "×".
[[nodiscard]] std::string_view dot_of(std::string_view active_state);
// "; preset: disabled", as Amazon Linux has it, for units that can be enabled.
[[nodiscard]] bool has_preset(std::string_view file_state);

} // namespace squall::labhost::init
