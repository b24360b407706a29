// How a process ended, and the words systemd has for it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace squall::labhost::init {

struct ProcessExit {
    enum class How { exited, killed, dumped };

    How how = How::exited;
    int status = 0; // exit code, or the signal's number
};

// From what waitpid reported.
[[nodiscard]] ProcessExit exit_from_wait_status(int status);

// systemd's own child-side failures: shown as "203/EXEC".
inline constexpr int exit_chdir = 200;
inline constexpr int exit_exec = 203;
inline constexpr int exit_limits = 205;
inline constexpr int exit_fds = 202;

// Exit 0; for a service's main process also the signals that ask a daemon to end.
[[nodiscard]] bool is_clean(const ProcessExit& exit, bool is_daemon);

// "exited", "killed" or "dumped": $EXIT_CODE.
[[nodiscard]] std::string_view how_text(const ProcessExit& exit);
// "0" or "TERM": $EXIT_STATUS.
[[nodiscard]] std::string status_text(const ProcessExit& exit);
// "code=exited, status=203/EXEC" as in the journal, or "code=killed, signal=TERM" as `status` has
// it. The journal knows the exit codes of LSB too.
[[nodiscard]] std::string journal_text(const ProcessExit& exit);
[[nodiscard]] std::string short_text(const ProcessExit& exit);
// CLD_EXITED, CLD_KILLED or CLD_DUMPED: what ExecMainCode shows.
[[nodiscard]] int code_number(const ProcessExit& exit);

// "TERM" for 15; "RTMIN+3" for the real-time signals; the number where there is no name.
[[nodiscard]] std::string signal_name(int number);
// "TERM", "SIGTERM", "15", "RTMIN+3".
[[nodiscard]] std::optional<int> parse_signal(std::string_view text);

} // namespace squall::labhost::init
