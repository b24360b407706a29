// The ECS agent's log: logfmt lines, to a file and to standard output, as the real one writes them.
#pragma once

#include "squall/base/clock.h"
#include "squall/base/file.h"

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace squall::labhost {

using LogFields = std::initializer_list<std::pair<std::string_view, std::string>>;

// level=info time=2026-06-30T17:02:00Z msg="…" key="…"
[[nodiscard]] std::string
log_line(std::string_view level, WallTime when, std::string_view message, LogFields fields);

class AgentLog {
public:
    // The file is renamed to FILE.1 when it grows past this.
    static constexpr std::size_t size_max = 8U << 20U;

    // Appends to what is there. A file that cannot be written is said once, and then only standard
    // output is used.
    explicit AgentLog(Path file);

    void info(std::string_view message, LogFields fields = {}) { write("info", message, fields); }

    void warn(std::string_view message, LogFields fields = {}) { write("warn", message, fields); }

    void error(std::string_view message, LogFields fields = {}) { write("error", message, fields); }

    void critical(std::string_view message, LogFields fields = {}) {
        write("critical", message, fields);
    }

private:
    void write(std::string_view level, std::string_view message, LogFields fields);
    void open();

    Path file_;
    Fd fd_;
    std::size_t size_ = 0;
};

} // namespace squall::labhost
