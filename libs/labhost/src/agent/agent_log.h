// The ECS agent's log: logfmt lines, to a file and to standard output, as the real one writes them.
#pragma once

#include "squall/base/clock.h"
#include "squall/base/file.h"

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace squall::labhost {

using LogFields = std::initializer_list<std::pair<std::string_view, std::string>>;

// level=info time=2026-06-30T17:02:00Z msg="…" key="…"
[[nodiscard]] std::string
log_line(std::string_view level, WallTime when, std::string_view message, LogFields fields);

// When a log's file is moved aside, and how many of those are kept.
struct LogRotation {
    // FILE.1, then FILE.2: the newest has the highest number. Else FILE.2026-06-30-17, the hour
    // that it tells of.
    enum class Kind { by_size, hourly };

    Kind kind = Kind::by_size;
    std::size_t size_max = 5U << 20U;
    std::size_t kept_max = 24;
};

class AgentLog {
public:
    // Appends to what is there. A file that cannot be written is said once, and then only standard
    // output is used.
    explicit AgentLog(Path file, LogRotation rotation = {});

    void info(std::string_view message, LogFields fields = {}) { write("info", message, fields); }

    void warn(std::string_view message, LogFields fields = {}) { write("warn", message, fields); }

    void error(std::string_view message, LogFields fields = {}) { write("error", message, fields); }

    void critical(std::string_view message, LogFields fields = {}) {
        write("critical", message, fields);
    }

private:
    void write(std::string_view level, std::string_view message, LogFields fields);
    void open();
    [[nodiscard]] bool is_full(WallTime now) const;
    void rotate();

    Path file_;
    LogRotation rotation_;
    Fd fd_;
    std::size_t size_ = 0;
    std::string hour_; // that the file tells of
};

} // namespace squall::labhost
