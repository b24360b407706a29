// Reads logs in one pass, whatever their size, and keeps what bears on why an agent is away.
// Memory is bounded by the catalogue, not by the log.
#pragma once

#include "squall/doctor/byte_source.h"
#include "squall/doctor/catalogue.h"

#include <deque>
#include <map>
#include <memory>
#include <set>

namespace squall::doctor {

// One record that was seen.
struct Sighting {
    std::optional<WallTime> when;
    std::uint64_t line = 0; // 0: not known, because what lies before it was not counted
    std::string text;       // as it is in the file; cut
};

// All records of one sort in one segment.
struct Group {
    std::uint64_t count = 0;
    std::uint64_t moments = 0;                 // how many different seconds they came in
    std::uint64_t about_telemetry = 0;         // so many of them
    std::uint64_t unclear = 0;                 // so many are about ACS or TCS, nobody knows
    Certainty certainty = Certainty::possible; // the best
    Sighting first;
    Sighting last;
};

// From one milestone of an agent to the next.
struct Segment {
    std::optional<Mark> opened_by; // connected, starting; none: the log's beginning
    Sighting opening;
    std::map<std::size_t, Group> causes; // by the catalogue's index
    std::map<Mark, Group> marks;
    bool begins_piece = false; // while a log is read: another file may begin here
};

struct ScannedLog {
    static constexpr std::size_t segments_max = 512; // the newest

    std::string name;
    LogName kind;
    std::deque<Segment> segments;
    std::uint64_t lines = 0;
    std::uint64_t bytes = 0;
    std::uint64_t skipped = 0;    // bytes before what was read
    std::uint64_t known = 0;      // records that are a cause or a mark
    std::uint64_t steps_back = 0; // in time, from one of those to the next
    std::uint64_t of_agent = 0;   // of those that were read, in an agent's form or about it
    std::uint64_t of_host = 0;    // by a program of an agent's host: its kernel, systemd, Docker
    std::optional<WallTime> last_time; // of the last record that has one, known or not
    std::string tail;                  // the last lines, as they are
    std::string trouble;               // it could not be read to its end: why
};

class Scanner {
public:
    // `now` tells the year where a log does not. The catalogue must outlive it.
    [[nodiscard]] static Result<Scanner> make(const Catalogue& catalogue, WallTime now);
    Scanner(Scanner&&) noexcept;
    Scanner& operator=(Scanner&&) noexcept;
    Scanner(const Scanner&) = delete;
    Scanner& operator=(const Scanner&) = delete;
    ~Scanner();

    // `skipped`: bytes that lie before what `bytes` gives, the first line is then cut.
    [[nodiscard]] ScannedLog
    scan(std::string name, ByteSource& bytes, std::uint64_t skipped = 0, LogName kind = {});

private:
    struct Parts;
    explicit Scanner(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

} // namespace squall::doctor
