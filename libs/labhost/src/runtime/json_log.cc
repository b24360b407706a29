#include "runtime/json_log.h"

#include "squall/base/json.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

namespace squall::labhost::runtime {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD"; // U+FFFD

// The length of the UTF-8 sequence that begins `text`, 0 for none.
std::size_t sequence_length(std::string_view text) {
    if (static_cast<unsigned char>(text.front()) < 0x80) return 1;
    for (std::size_t length = 2; length <= 4 && length <= text.size(); ++length) {
        if (is_valid_utf8(text.substr(0, length))) return length;
    }
    return 0;
}

std::string as_utf8(std::string_view text) {
    if (is_valid_utf8(text)) return std::string(text);
    std::string out;
    while (!text.empty()) {
        const std::size_t length = sequence_length(text);
        out += length == 0 ? replacement : text.substr(0, length);
        text.remove_prefix(length == 0 ? 1 : length);
    }
    return out;
}

void append_frame(std::string& out, Stream stream, std::string_view payload) {
    const auto size = static_cast<std::uint32_t>(payload.size());
    out.push_back(static_cast<char>(stream));
    out.append(3, '\0');
    for (const unsigned shift : {24U, 16U, 8U, 0U})
        out.push_back(static_cast<char>((size >> shift) & 0xffU));
    out += payload;
}

} // namespace

std::vector<std::string> LineCutter::feed(std::string_view bytes) {
    std::vector<std::string> entries;
    while (!bytes.empty()) {
        const std::size_t end = bytes.find('\n');
        const std::size_t room = log_piece_max - pending_.size();
        const std::size_t wanted = end == std::string_view::npos ? bytes.size() : end + 1;
        const std::size_t taken = std::min(wanted, room);
        pending_ += bytes.substr(0, taken);
        bytes.remove_prefix(taken);
        if (pending_.back() == '\n' || pending_.size() == log_piece_max)
            entries.push_back(take_rest());
    }
    return entries;
}

std::string log_line(const LogEntry& entry) {
    const json::Object object{{"log", as_utf8(entry.text)},
                              {"stream", entry.stream == Stream::output ? "stdout" : "stderr"},
                              {"time", entry.time}};
    return json::text(object) + "\n";
}

std::optional<LogEntry> parse_log_line(std::string_view line) {
    const auto object = json::parse_object(line);
    if (!object || !object->contains("log")) return std::nullopt;
    return LogEntry{std::string(json::string_at(*object, "log")),
                    json::string_at(*object, "stream") == "stderr" ? Stream::errors
                                                                   : Stream::output,
                    std::string(json::string_at(*object, "time"))};
}

std::string rfc3339_nanos(WallTime when) {
    const auto since = when.time_since_epoch();
    const auto nanos = std::chrono::duration_cast<std::chrono::nanoseconds>(
        since - std::chrono::floor<Seconds>(since));
    std::string text = rfc3339_seconds(when);
    text.pop_back();
    return fmt::format("{}.{:09}Z", text, nanos.count());
}

std::string multiplexed_log(std::string_view file_text, const LogSelection& selection) {
    std::vector<LogEntry> entries;
    while (!file_text.empty()) {
        const auto [line, rest] = split_once(file_text, '\n');
        file_text = rest;
        auto entry = parse_log_line(line);
        if (!entry) continue;
        const bool wanted = entry->stream == Stream::output ? selection.output : selection.errors;
        if (wanted) entries.push_back(std::move(*entry));
    }
    const std::size_t kept = std::min(entries.size(), selection.tail.value_or(entries.size()));
    std::string out;
    for (std::size_t i = entries.size() - kept; i < entries.size(); ++i) {
        const auto& entry = entries[i];
        append_frame(
            out, entry.stream, selection.timestamps ? entry.time + " " + entry.text : entry.text);
    }
    return out;
}

} // namespace squall::labhost::runtime
