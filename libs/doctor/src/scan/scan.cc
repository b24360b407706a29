#include "squall/doctor/scan.h"

#include "logs/words.h"
#include "logs/wrapping.h"
#include "scan/lines.h"
#include "scan/matcher.h"
#include "scan/pieces.h"
#include "scan/record_lines.h"
#include "scan/repeats.h"
#include "scan/text_chunks.h"
#include "squall/doctor/oom_episode.h"

#include <algorithm>
#include <array>

namespace squall::doctor {
namespace {

constexpr std::size_t sighting_text_max = 4U << 10U;
constexpr std::size_t tail_max = 16U << 10U;

// What was seen, without a copy of it.
struct Seen {
    std::optional<WallTime> when;
    std::uint64_t line;
    std::string_view text;

    void keep_in(Sighting& sighting) const {
        sighting.when = when;
        sighting.line = line;
        sighting.text.assign(text);
    }
};

void put(Group& group, const Seen& seen, const Reading& reading) {
    const auto second = [](const std::optional<WallTime>& when) {
        return when ? std::chrono::floor<Seconds>(*when) : WallTime{};
    };
    if (group.count == 0 || second(group.last.when) != second(seen.when)) ++group.moments;
    if (group.count++ == 0) seen.keep_in(group.first);
    seen.keep_in(group.last);
    if (reading.marks.contains(Mark::telemetry)) ++group.about_telemetry;
    if (reading.marks.contains(Mark::unclear_socket)) ++group.unclear;
    group.certainty = std::max(group.certainty, reading.certainty);
}

void open_segment(ScannedLog& log) {
    if (log.segments.size() >= ScannedLog::segments_max) log.segments.pop_front();
    log.segments.emplace_back();
}

void note(ScannedLog& log, const Reading& reading, const Seen& seen) {
    if (!reading.cause && reading.marks.empty()) return;
    ++log.known;
    // Where several logs are mixed, it goes to and fro.
    constexpr std::uint64_t pieces_max = 64;
    if (may_begin_piece(log.last_time, seen.when) && ++log.steps_back < pieces_max) {
        open_segment(log);
        log.segments.back().begins_piece = true;
    }
    if (seen.when) log.last_time = seen.when;
    for (const Mark milestone : {Mark::connected, Mark::starting}) {
        if (!reading.marks.contains(milestone)) continue;
        open_segment(log);
        log.segments.back().opened_by = milestone;
        seen.keep_in(log.segments.back().opening);
    }
    Segment& segment = log.segments.back();
    for (const Mark mark : reading.marks)
        put(segment.marks[mark], seen, reading);
    if (reading.cause) put(segment.causes[*reading.cause], seen, reading);
}

// `joined` keeps them where they do not follow each other.
std::string_view
lines_of(std::string_view text, const std::vector<Extent>& extents, std::string& joined) {
    const auto lines = [&](const Extent& extent) {
        return text.substr(extent.begin, extent.end - extent.begin);
    };
    if (extents.size() == 1) return lines(extents.front());
    for (const Extent& extent : extents)
        joined += lines(extent);
    return joined;
}

// As init systems and Docker speak of it.
bool names_agent(std::string_view text) {
    return has_word(text, "ecs-agent") || has_word(text, "amazon-ecs")
           || has_word(text, "ecs.service", "-._@")
           || text.find("Elastic Container Service") != std::string_view::npos;
}

// Of a record that has one. What lies ahead of the reader's clock is no record's time.
std::optional<WallTime> time_of(std::string_view line, WallTime now) {
    constexpr std::chrono::hours clocks_differ_by{24};
    const Unwrapping said = unwrapped(line, now);
    // What a record goes on with has the time of its wrapping alone.
    if (!said.is_bare && (said.text.empty() || is_continuation(said, /*in_panic=*/false)))
        return std::nullopt;
    const auto when = parse_record(line, now).when;
    return when && *when <= now + clocks_differ_by ? when : std::nullopt;
}

constexpr int timed_within = 40; // lines

// Of the first record that has one, or of the last.
std::optional<WallTime> begin_of(std::string_view head, WallTime now) {
    for (int i = 0; i < timed_within && !head.empty(); ++i) {
        if (const auto when = time_of(line_at(head, 0), now)) return when;
        head.remove_prefix(line_end(head, 0));
    }
    return std::nullopt;
}

std::optional<WallTime> end_of(std::string_view tail, WallTime now) {
    for (int i = 0; i < timed_within && !tail.empty(); ++i) {
        const std::size_t begin = line_begin(tail, tail.size() - 1);
        if (const auto when = time_of(tail.substr(begin), now)) return when;
        tail = tail.substr(0, begin);
    }
    return std::nullopt;
}

// What the next piece begins with, before the first of its records that anybody knows, is no part
// of this one.
void drop_older_end(std::string& tail, const ScannedLog& log, WallTime now) {
    std::size_t end = tail.size();
    std::size_t begin = end;
    for (int i = 0; i < timed_within && begin > 0; ++i) {
        const std::size_t line = line_begin(tail, begin - 1);
        const auto when = time_of(line_at(tail, line), now);
        if (when && !may_begin_piece(log.last_time, when)) break;
        if (when) end = line;
        begin = line;
    }
    tail.resize(end);
}

void keep_tail(std::string& tail, std::string_view text) {
    tail += text.substr(text.size() - std::min(text.size(), tail_max));
    if (tail.size() > tail_max) tail.erase(0, tail.size() - tail_max);
}

// The kernel says first whose cgroup it is, and then whom it killed.
bool is_kill_in_task(std::string_view before, std::string_view kill) {
    constexpr std::size_t lines_max = 128;
    constexpr std::size_t bytes_max = 32U << 10U;
    if (before.size() > bytes_max) before.remove_prefix(before.size() - bytes_max);
    std::size_t begin = before.size();
    for (std::size_t i = 0; i < lines_max && begin > 0; ++i)
        begin = line_begin(before, begin - 1);
    OomEpisode episode;
    while (begin < before.size()) {
        episode.read(line_at(before, begin));
        begin = line_end(before, begin);
    }
    episode.read(kill);
    return episode.is_of_task();
}

// Through whose hands the agent's lines have come into the host's log: clients of Docker, one for
// each time the agent was started.
class AgentsWriters {
public:
    // Containers of tasks have writers with other names.
    static bool may_be(std::string_view writer) {
        const std::string_view name = writer.substr(0, writer.find('['));
        return name == "docker" || name == "env" || has_word(name, "ecs");
    }

    void remember(const std::string& writer) {
        if (writer.empty() || has(writer)) return;
        known_[next_] = writer;
        next_ = (next_ + 1) % known_.size();
    }

    [[nodiscard]] bool has(const std::string& writer) const {
        return std::find(known_.begin(), known_.end(), writer) != known_.end();
    }

private:
    std::array<std::string, 16> known_; // the last ones
    std::size_t next_ = 0;
};

} // namespace

struct Scanner::Parts {
    Matcher matcher;
    WallTime now;
    Repeats repeats;
    AgentsWriters writers;

    // `before`: what precedes the record in its chunk.
    void read_record(ScannedLog& log,
                     std::string_view before,
                     std::string_view lines,
                     std::uint64_t line);
};

void Scanner::Parts::read_record(ScannedLog& log,
                                 std::string_view before,
                                 std::string_view lines,
                                 std::uint64_t line) {
    const std::string_view line_alone =
        lines.ends_with('\n') ? lines.substr(0, lines.size() - 1) : lines;
    Seen seen{std::nullopt, line, lines.substr(0, sighting_text_max)};
    if (const Repeats::Known* known = repeats.find(line_alone, seen.when)) {
        note(log, known->reading, seen);
        return;
    }
    const Record record = parse_record(lines.substr(0, TextChunks::record_max), now);
    const bool is_of_another = record.kind == LogKind::other;
    if (!is_of_another && (record.has_agents_form || names_agent(record.text))) ++log.of_agent;
    if (!is_of_another && record.kind != LogKind::unknown) ++log.of_host;
    LogKind kind = record.kind == LogKind::unknown ? log.kind.kind : record.kind;
    // Many write as the agent does: where a program gives its name, that counts. Under ecs-init's
    // name the host's log has both of them.
    const bool may_be_init_alone = kind == LogKind::init && record.kind == LogKind::unknown;
    if (record.has_agents_form && !may_be_init_alone && kind != LogKind::unknown && !is_of_another)
        kind = LogKind::agent;
    if (record.has_agents_form) writers.remember(record.writer);
    // What Go's runtime and the old agents' errors say has no form of the agent's; in the host's
    // log it is as good as who wrote it.
    const bool is_bare = record.kind == LogKind::unknown && kind == LogKind::system
                         && AgentsWriters::may_be(record.writer) && is_of_go(record.text);
    Reading reading = matcher.read(record, is_bare ? LogKind::agent : kind);
    if (is_bare && !writers.has(record.writer)) reading.certainty = Certainty::possible;
    seen.when = record.when;
    const bool is_kill = reading.cause && is_oom_kill(record.text);
    if (is_kill && is_kill_in_task(before, lines)) return;
    note(log, reading, seen);
    // Of a kill, the lines before it have a say.
    if (!is_kill) repeats.remember(line_alone, reading, record.when);
}

Scanner::Scanner(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Scanner::Scanner(Scanner&&) noexcept = default;
Scanner& Scanner::operator=(Scanner&&) noexcept = default;
Scanner::~Scanner() = default;

Result<Scanner> Scanner::make(const Catalogue& catalogue, WallTime now) {
    auto matcher = Matcher::make(catalogue);
    if (!matcher) return fail(matcher.error());
    return Scanner(std::make_unique<Parts>(Parts{std::move(*matcher), now, {}, {}}));
}

ScannedLog Scanner::scan(std::string name, ByteSource& bytes, std::uint64_t skipped, LogName kind) {
    ScannedLog log;
    log.name = std::move(name);
    log.kind = std::move(kind);
    log.skipped = skipped;
    log.segments.emplace_back();
    parts_->writers = {};
    parts_->repeats.clear(); // what a line says can hang on the file it is in
    TextChunks chunks(bytes);
    bool has_rest = false;
    StreamTimes times;
    std::string first_tail; // of the first piece, where there are several
    for (std::string_view text = chunks.next(); !text.empty(); text = chunks.next()) {
        if (log.tail.empty()) times.begin = begin_of(text, parts_->now);
        std::size_t counted = 0; // of the chunk, where `log.lines` is up to
        RecordLines records(text, parts_->now);
        parts_->matcher.triggers().scan(text, [&](std::size_t /*pattern*/, std::size_t offset) {
            if (records.is_taken(offset)) return true;
            const std::vector<Extent>& extents = records.take(offset);
            const std::size_t begin = extents.front().begin;
            // A record can begin before the last one, between whose lines it stands.
            if (begin >= counted)
                log.lines += count_lines(text.substr(counted, begin - counted));
            else
                log.lines -= count_lines(text.substr(begin, counted - begin));
            counted = begin;
            std::string joined;
            parts_->read_record(log,
                                text.substr(0, begin),
                                lines_of(text, extents, joined),
                                skipped > 0 ? 0 : log.lines + 1);
            if (log.steps_back == 1 && first_tail.empty()) {
                first_tail = log.tail;
                keep_tail(first_tail, text.substr(0, begin));
            }
            return true;
        });
        log.lines += count_lines(text.substr(counted));
        has_rest = !text.ends_with('\n'); // a line that is longer than a chunk goes on in the next
        keep_tail(log.tail, text);
    }
    if (has_rest) ++log.lines;
    times.end = end_of(log.tail, parts_->now);
    if (put_in_order(log, times)) {
        drop_older_end(first_tail, log, parts_->now);
        log.tail = std::move(first_tail);
    }
    // The newest of a log that is well may be nothing that anybody knows.
    const auto ends_at = end_of(log.tail, parts_->now);
    if (ends_at && (!log.last_time || *ends_at > *log.last_time)) log.last_time = ends_at;
    // There may be thousands of rolls, whose ends nobody asks for.
    if (!log.kind.roll.empty()) std::string().swap(log.tail);
    log.bytes = chunks.size();
    log.trouble = chunks.trouble();
    return log;
}

} // namespace squall::doctor
