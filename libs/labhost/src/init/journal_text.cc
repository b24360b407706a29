#include "init/journal_text.h"

#include "init/time_span.h"
#include "squall/base/text.h"

#include <unistd.h>

#include <array>
#include <ctime>

namespace squall::labhost::init {
namespace {

std::string formatted(std::int64_t wall_micros, const char* format) {
    const std::time_t seconds = wall_micros / 1'000'000;
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::array<char, 64> buffer{};
    return {buffer.data(), std::strftime(buffer.data(), buffer.size(), format, &parts)};
}

std::string time_text(const JournalEntry& entry, JournalFormat format) {
    switch (format) {
    case JournalFormat::iso:
        return formatted(entry.wall_micros, "%Y-%m-%dT%H:%M:%S+0000");
    case JournalFormat::precise:
        return fmt::format("{}.{:06}",
                           formatted(entry.wall_micros, "%b %d %H:%M:%S"),
                           entry.wall_micros % 1'000'000);
    default:
        return formatted(entry.wall_micros, "%b %d %H:%M:%S");
    }
}

std::string boot_id() {
    const auto text = read_file("/proc/sys/kernel/random/boot_id", 64);
    return text ? replace_all(std::string(trimmed(*text)), "-", "") : std::string();
}

std::string json_line(const JournalEntry& entry, std::string_view hostname) {
    const std::string boot = boot_id();
    json::Object object{
        {"__REALTIME_TIMESTAMP", std::to_string(entry.wall_micros)},
        {"__MONOTONIC_TIMESTAMP", std::to_string(entry.monotonic_micros)},
        {"__CURSOR",
         fmt::format("b={};m={:x};t={:x}", boot, entry.monotonic_micros, entry.wall_micros)},
        {"_BOOT_ID", boot},
        {"_HOSTNAME", hostname},
        {"_PID", std::to_string(entry.pid)},
        {"_UID", "0"},
        {"_GID", "0"},
        {"_TRANSPORT", entry.is_about_unit ? "journal" : "stdout"},
        {"PRIORITY", std::to_string(entry.priority)},
        {"SYSLOG_FACILITY", "3"},
        {"SYSLOG_IDENTIFIER", entry.identifier},
        {"MESSAGE", entry.text}};
    if (entry.is_about_unit) {
        object["_SYSTEMD_UNIT"] = "init.scope";
        if (!entry.unit.empty()) object["UNIT"] = entry.unit;
    } else {
        object["_SYSTEMD_UNIT"] = entry.unit;
    }
    return json::text(object) + "\n";
}

} // namespace

std::optional<JournalFormat> parse_journal_format(std::string_view text) {
    if (text == "short") return JournalFormat::brief;
    if (text == "short-iso") return JournalFormat::iso;
    if (text == "short-precise") return JournalFormat::precise;
    if (text == "cat") return JournalFormat::bare;
    if (text == "json") return JournalFormat::json;
    return std::nullopt;
}

std::string
journal_line(const JournalEntry& entry, JournalFormat format, std::string_view hostname) {
    if (format == JournalFormat::bare) return entry.text + "\n";
    if (format == JournalFormat::json) return json_line(entry, hostname);
    return fmt::format("{} {} {}[{}]: {}\n",
                       time_text(entry, format),
                       hostname,
                       entry.identifier,
                       entry.pid,
                       entry.text);
}

std::string own_hostname() {
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0) return "localhost";
    return name.data();
}

} // namespace squall::labhost::init
