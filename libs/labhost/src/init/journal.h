// The journal of a host: one JSON object a line in /run/log/journal/journal.jsonl.
//   {"t":wall clock, "m":monotonic clock (both in microseconds), "u":unit, "i":identifier,
//    "p":pid, "l":priority, "s":text, "o":true where systemd speaks about the unit}
// Bounded: when the file has reached `journal_size_max`, its older half goes. Longer lines are cut
// into pieces of `journal_line_max` bytes, as journald does it.
#pragma once

#include "squall/base/fd.h"
#include "squall/base/file.h"
#include "squall/base/json.h"
#include "squall/labhost/host_spec.h"

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace squall::labhost::init {

inline constexpr std::size_t journal_line_max = 48U << 10U; // journald's LineMax=

struct JournalEntry {
    std::int64_t wall_micros = 0;
    std::int64_t monotonic_micros = 0;
    std::string unit; // empty: about no unit
    std::string identifier;
    pid_t pid = 0;
    int priority = 6;
    std::string text;
    bool is_about_unit = false; // systemd's own words, rather than the unit's output
};

// Appends. One per file; readers need no lock, because lines are written in one piece and a shorter
// file takes the old one's place by a rename.
class JournalWriter {
public:
    // The folder is made on the first write. `size_max` is for tests.
    explicit JournalWriter(Path file, std::size_t size_max = journal_size_max)
        : file_(std::move(file)), size_max_(size_max) {}

    // What cannot be written is lost: a full disk must not stop a host.
    void append(JournalEntry entry);

private:
    void write_line(const JournalEntry& entry);
    void drop_older_half();

    Path file_;
    std::size_t size_max_;
    std::size_t size_ = 0;
    Fd fd_;
};

// All entries that `wanted` takes, oldest first. No file is an empty journal; lines that cannot be
// read are skipped.
[[nodiscard]] Result<std::vector<JournalEntry>>
read_journal(const Path& file, const std::function<bool(const JournalEntry&)>& wanted);

} // namespace squall::labhost::init
