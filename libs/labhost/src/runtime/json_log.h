// A container's output in the form of Docker's json-file log driver, one JSON object on a line:
// {"log":"text\n","stream":"stdout","time":"2026-11-21T02:03:04.000000005Z"}. Pure: whoever
// collects output feeds it in and takes lines out (log_file.h).
#pragma once

#include "squall/base/clock.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace squall::labhost::runtime {

// The numbers are those of Docker's stream format.
enum class Stream : std::uint8_t { output = 1, errors = 2 };

// A program that writes no line ends gets its output cut into pieces of this size, as Docker's
// copier does.
inline constexpr std::size_t log_piece_max = 16U << 10U;

// Cuts what a container writes to one of its streams into log entries.
class LineCutter {
public:
    // Complete lines, with their ends, and full pieces of lines that have none yet.
    [[nodiscard]] std::vector<std::string> feed(std::string_view bytes);

    // What was written after the last line end.
    [[nodiscard]] std::string take_rest() { return std::exchange(pending_, {}); }

private:
    std::string pending_; // never holds a line end; at most log_piece_max
};

struct LogEntry {
    std::string text; // ends with \n, unless it is a piece of a longer line
    Stream stream = Stream::output;
    std::string time; // RFC 3339 with nanoseconds
};

// The entry as a line of the log file, with its end. Bytes that are no UTF-8 become U+FFFD.
[[nodiscard]] std::string log_line(const LogEntry& entry);
// Nothing for a line that is none (cut off by a crash).
[[nodiscard]] std::optional<LogEntry> parse_log_line(std::string_view line);

[[nodiscard]] std::string rfc3339_nanos(WallTime when);

struct LogSelection {
    bool output = false;
    bool errors = false;
    bool timestamps = false;
    std::optional<std::size_t> tail; // the last so many entries; nothing: all
};

// The entries of a log file's text that were asked for, as Docker sends them for a container
// without a terminal: eight bytes (stream, three zeros, length in network order) before every
// entry.
[[nodiscard]] std::string multiplexed_log(std::string_view file_text,
                                          const LogSelection& selection);

} // namespace squall::labhost::runtime
