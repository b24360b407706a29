// Journal entries as journalctl prints them.
#pragma once

#include "init/journal.h"

#include <optional>
#include <string>
#include <string_view>

namespace squall::labhost::init {

enum class JournalFormat { brief, iso, precise, bare, json };

// "short", "short-iso", "short-precise", "cat", "json".
[[nodiscard]] std::optional<JournalFormat> parse_journal_format(std::string_view text);
// One line, with its line break. `hostname` is this host's.
[[nodiscard]] std::string
journal_line(const JournalEntry& entry, JournalFormat format, std::string_view hostname);

[[nodiscard]] std::string own_hostname();

} // namespace squall::labhost::init
