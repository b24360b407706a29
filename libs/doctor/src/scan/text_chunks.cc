#include "scan/text_chunks.h"

#include "logs/escapes.h"
#include "scan/journal_bytes.h"
#include "scan/record_lines.h"

#include <algorithm>
#include <cstring>

namespace squall::doctor {
namespace {

void append_utf8(std::string& out, char32_t c) {
    const auto put = [&](char32_t byte) {
        out.push_back(static_cast<char>(static_cast<unsigned char>(byte)));
    };
    if (c < 0x80) {
        put(c);
    } else if (c < 0x800) {
        put(0xC0 | (c >> 6U));
        put(0x80 | (c & 0x3FU));
    } else if (c < 0x10000) {
        put(0xE0 | (c >> 12U));
        put(0x80 | ((c >> 6U) & 0x3FU));
        put(0x80 | (c & 0x3FU));
    } else {
        put(0xF0 | (c >> 18U));
        put(0x80 | ((c >> 12U) & 0x3FU));
        put(0x80 | ((c >> 6U) & 0x3FU));
        put(0x80 | (c & 0x3FU));
    }
}

// What is left over of `raw` stays in it.
std::string from_utf16(std::string& raw, bool is_big) {
    std::string out;
    std::size_t i = 0;
    const auto unit = [&](std::size_t at) {
        const auto low = static_cast<unsigned char>(raw[at + (is_big ? 1 : 0)]);
        const auto high = static_cast<unsigned char>(raw[at + (is_big ? 0 : 1)]);
        return static_cast<char32_t>(low | (static_cast<unsigned>(high) << 8U));
    };
    while (i + 2 <= raw.size()) {
        char32_t c = unit(i);
        if (c >= 0xD800 && c < 0xDC00) {
            if (i + 4 > raw.size()) break;
            const char32_t low = unit(i + 2);
            if (low >= 0xDC00 && low < 0xE000) {
                c = 0x10000 + ((c - 0xD800) << 10U) + (low - 0xDC00);
                i += 2;
            }
        }
        if (c != 0xFEFF) append_utf8(out, c);
        i += 2;
    }
    raw.erase(0, i);
    return out;
}

} // namespace

// UTF-16 shows by its mark, or by NULs in every other place.
void TextChunks::find_encoding() {
    const std::string_view text(buffer_.data() + begin_,
                                std::min<std::size_t>(end_ - begin_, 4096));
    encoding_ = Encoding::bytes;
    if (text.size() < 2) return;
    std::size_t odd = 0;
    std::size_t even = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\0') ++(i % 2 == 0 ? even : odd);
    }
    const std::size_t half = text.size() / 2;
    if (text.starts_with("\xFF\xFE") || (odd > half * 7 / 10 && even < half / 10))
        encoding_ = Encoding::utf16_little;
    else if (text.starts_with("\xFE\xFF") || (even > half * 7 / 10 && odd < half / 10))
        encoding_ = Encoding::utf16_big;
}

void TextChunks::fill() {
    if (begin_ > 0) {
        std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    while (end_ < buffer_.size() && !is_at_end_) {
        const bool is_wide =
            encoding_ == Encoding::utf16_little || encoding_ == Encoding::utf16_big;
        // Text grows by half at most when it comes out of UTF-16.
        const std::size_t room = is_wide ? (buffer_.size() - end_) / 2 : buffer_.size() - end_;
        if (room < 16) return;
        const std::size_t begin = end_;
        const auto got = bytes_.read(std::span(buffer_.data() + end_, room));
        if (!got) {
            trouble_ = got.error().message;
            is_at_end_ = true;
            return;
        }
        is_at_end_ = *got == 0;
        size_ += *got;
        end_ += *got;
        if (encoding_ == Encoding::unknown && (end_ - begin_ >= 4096 || is_at_end_)) {
            find_encoding();
            if (encoding_ == Encoding::bytes) continue;
            raw_.assign(buffer_.data(), end_);
            end_ = 0;
        } else if (is_wide) {
            raw_.append(buffer_.data() + begin, *got);
            end_ = begin;
        } else {
            continue;
        }
        const std::string text = from_utf16(raw_, encoding_ == Encoding::utf16_big);
        const std::size_t size = std::min(text.size(), buffer_.size() - end_);
        std::memcpy(buffer_.data() + end_, text.data(), size);
        end_ += size;
    }
}

// What follows the last record may go on in the next chunk.
std::size_t TextChunks::end_of_records(std::string_view text) const {
    return is_at_end_ ? text.size() : border_of_records(text, record_max, Wall::now());
}

std::string_view TextChunks::cleaned(std::string_view text) {
    text = without_controls(text);
    if (!has_message_of_bytes(text)) return text;
    clean_ = with_messages_as_text(text);
    return clean_;
}

std::string_view TextChunks::without_controls(std::string_view text) {
    const bool has_escape = std::memchr(text.data(), 0x1b, text.size()) != nullptr;
    const bool has_nul = std::memchr(text.data(), 0, text.size()) != nullptr;
    // Line ends of old Macs, and of those who take the other half away from Windows'.
    const bool has_returns_only = std::memchr(text.data(), '\n', text.size()) == nullptr
                                  && std::memchr(text.data(), '\r', text.size()) != nullptr;
    if (!has_escape && !has_nul && !has_returns_only) return text;
    clean_.clear();
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (has_returns_only && text[i] == '\r') {
            clean_.push_back('\n');
            continue;
        }
        if (text[i] == '\0') continue;
        if (const std::size_t behind = behind_escape(text, i); behind > i) {
            i = behind - 1;
            continue;
        }
        clean_.push_back(text[i]);
    }
    return clean_;
}

std::string_view TextChunks::next() {
    for (;;) {
        fill();
        const std::string_view text(buffer_.data() + begin_, end_ - begin_);
        if (text.empty()) return {};
        const std::size_t size = end_of_records(text);
        begin_ += size;
        const std::string_view clean = cleaned(text.substr(0, size));
        if (!clean.empty()) return clean;
    }
}

} // namespace squall::doctor
