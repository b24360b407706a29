// Lines for whoever reads standard error: warnings and errors always, the rest when asked for.
// May be called from every thread; a line is written in one piece.
#pragma once

#include <fmt/format.h>

#include <string_view>

namespace squall::log {

enum class Level { debug, info, warning, error };

// Lines below `level` are dropped. Default: warning.
void show_from(Level level);
void write(Level level, std::string_view text);
// To standard error, in one piece.
void write_out(std::string_view text);

template <class... Args>
void debug(fmt::format_string<Args...> text, Args&&... args) {
    write(Level::debug, fmt::format(text, std::forward<Args>(args)...));
}

template <class... Args>
void info(fmt::format_string<Args...> text, Args&&... args) {
    write(Level::info, fmt::format(text, std::forward<Args>(args)...));
}

template <class... Args>
void warning(fmt::format_string<Args...> text, Args&&... args) {
    write(Level::warning, fmt::format(text, std::forward<Args>(args)...));
}

template <class... Args>
void error(fmt::format_string<Args...> text, Args&&... args) {
    write(Level::error, fmt::format(text, std::forward<Args>(args)...));
}

// The words as they are, for people: a command's complaint. What cannot be written is lost, as with
// the rest here: whoever closed standard error does not want to know, and the exit code stays.
template <class... Args>
void print(fmt::format_string<Args...> text, Args&&... args) {
    write_out(fmt::format(text, std::forward<Args>(args)...));
}

} // namespace squall::log
