#include "scan/repeats.h"

#include "logs/log_time.h"

#include <cstring>

namespace squall::doctor {
namespace {

// "2026-06-30T17:02:11", and a fraction.
constexpr std::size_t time_size_min = 19;
constexpr std::size_t line_max = 2048;

bool may_be_time(std::string_view text) {
    return text.size() >= time_size_min && text[4] == '-' && text[7] == '-' && text[13] == ':'
           && text[16] == ':';
}

bool is_same(std::string_view a, std::string_view b, std::size_t begin, std::size_t end) {
    return std::memcmp(a.data() + begin, b.data() + begin, end - begin) == 0;
}

} // namespace

// By its length and some of its characters; those of a time are digits, or always the same.
std::size_t Repeats::slot_of(std::string_view line) {
    constexpr std::size_t samples = 8;
    std::uint64_t hash = line.size();
    for (std::size_t i = 0; i < samples && !line.empty(); ++i) {
        const char c = line[(line.size() - 1) * i / (samples - 1)];
        const bool is_digit = c >= '0' && c <= '9';
        hash = hash * 0x100000001B3U + (is_digit ? 1U : static_cast<unsigned char>(c));
    }
    hash *= 0x9E3779B97F4A7C15U;
    return static_cast<std::size_t>(hash >> 32U) % slots;
}

const Repeats::Known* Repeats::find(std::string_view line, std::optional<WallTime>& when) const {
    const Slot& slot = slots_[slot_of(line)];
    if (!slot.is_used || slot.known.line.size() != line.size()) return nullptr;
    std::size_t at = 0;
    for (std::size_t i = 0; i < slot.times_size; ++i) {
        if (!is_same(slot.known.line, line, at, slot.times[i].begin)) return nullptr;
        at = slot.times[i].end;
    }
    if (!is_same(slot.known.line, line, at, line.size())) return nullptr;
    when.reset();
    if (!slot.known.has_time) return &slot.known;
    std::string_view text = line.substr(slot.times[slot.time].begin);
    when = take_time(text);
    return when ? &slot.known : nullptr;
}

void Repeats::remember(std::string_view line,
                       const Reading& reading,
                       std::optional<WallTime> when) {
    if (line.size() > line_max || line.find('\n') != std::string_view::npos) return;
    Slot fresh;
    bool is_found = false;
    for (std::size_t at = line.find('-');
         at != std::string_view::npos && fresh.times_size < times_max;
         at = line.find('-', at + 1)) {
        if (at < 4) continue;
        std::string_view text = line.substr(at - 4);
        if (!may_be_time(text)) continue;
        const std::size_t before = text.size();
        const auto time = take_time(text);
        if (!time) continue;
        const Span span{at - 4, at - 4 + (before - text.size())};
        if (when && *time == *when) {
            is_found = true;
            fresh.time = fresh.times_size;
        }
        fresh.times[fresh.times_size++] = span;
        at = span.end - 1;
    }
    // A time of another form: it would be told as that of every repetition.
    if (when && !is_found) return;
    Slot& slot = slots_[slot_of(line)];
    slot.known.line.assign(line);
    slot.known.reading = reading;
    slot.known.has_time = when.has_value();
    slot.times = fresh.times;
    slot.times_size = fresh.times_size;
    slot.time = fresh.time;
    slot.is_used = true;
}

void Repeats::clear() {
    for (Slot& slot : slots_)
        slot.is_used = false;
}

} // namespace squall::doctor
