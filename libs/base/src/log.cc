#include "squall/base/log.h"

#include "squall/base/time_text.h"

#include <unistd.h>

#include <atomic>

namespace squall::log {
namespace {

// The one piece of process-wide state: how much standard error shows.
std::atomic<Level> shown_from{Level::warning};

std::string_view name_of(Level level) {
    switch (level) {
    case Level::debug:
        return "debug";
    case Level::info:
        return "info";
    case Level::warning:
        return "warning";
    case Level::error:
        return "error";
    }
    return "?";
}

} // namespace

void show_from(Level level) { shown_from = level; }

void write(Level level, std::string_view text) {
    if (level < shown_from.load()) return;
    write_out(fmt::format("{} {}: {}\n", rfc3339_millis(Wall::now()), name_of(level), text));
}

void write_out(std::string_view text) {
    // One write, so that threads and processes do not mix their lines; nobody to tell if it fails.
    [[maybe_unused]] const ssize_t ignored = ::write(STDERR_FILENO, text.data(), text.size());
}

} // namespace squall::log
