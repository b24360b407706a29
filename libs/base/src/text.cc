#include "squall/base/text.h"

#include <openssl/evp.h>

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>

namespace squall {
namespace {

constexpr std::string_view blanks = " \t\r\n\v\f";

char lower_char(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Edits (insert, delete, replace) between two words, by the usual two-row table.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced =
                diagonal + (lower_char(a[i - 1]) == lower_char(b[j - 1]) ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
        }
    }
    return row[b.size()];
}

std::string random_bytes(std::size_t count) {
    std::string bytes(count, '\0');
    std::size_t done = 0;
    while (done < count) {
        const ssize_t got = getrandom(bytes.data() + done, count - done, 0);
        SQUALL_ASSERT(got > 0);
        done += static_cast<std::size_t>(got);
    }
    return bytes;
}

std::span<const unsigned char> as_bytes(std::string_view text) {
    return {reinterpret_cast<const unsigned char*>(text.data()), text.size()};
}

} // namespace

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(), lower_char);
    return result;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
               return lower_char(x) == lower_char(y);
           });
}

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> parts;
    while (true) {
        const std::size_t at = text.find(separator);
        parts.emplace_back(text.substr(0, at));
        if (at == std::string_view::npos) return parts;
        text.remove_prefix(at + 1);
    }
}

std::pair<std::string_view, std::string_view> split_once(std::string_view text, char separator) {
    const std::size_t at = text.find(separator);
    if (at == std::string_view::npos) return {text, {}};
    return {text.substr(0, at), text.substr(at + 1)};
}

std::string join(std::span<const std::string> parts, std::string_view separator) {
    return fmt::format("{}", fmt::join(parts.begin(), parts.end(), separator));
}

std::string replace_all(std::string text, std::string_view what, std::string_view with) {
    for (std::size_t at = text.find(what); at != std::string::npos;
         at = text.find(what, at + with.size())) {
        text.replace(at, what.size(), with);
    }
    return text;
}

std::optional<std::int64_t> to_integer(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || text.empty())
        return std::nullopt;
    return value;
}

bool is_valid_utf8(std::string_view text) {
    const auto bytes = as_bytes(text);
    for (std::size_t i = 0; i < bytes.size();) {
        const unsigned char lead = bytes[i];
        const std::size_t length = lead < 0x80                   ? 1
                                   : lead >= 0xc2 && lead < 0xe0 ? 2
                                   : lead >= 0xe0 && lead < 0xf0 ? 3
                                   : lead >= 0xf0 && lead < 0xf5 ? 4
                                                                 : 0;
        if (length == 0 || i + length > bytes.size()) return false;
        for (std::size_t k = 1; k < length; ++k) {
            if ((bytes[i + k] & 0xc0U) != 0x80U) return false;
        }
        // Overlong forms and surrogates are told by the second byte (RFC 3629, section 4).
        if ((lead == 0xe0 && bytes[i + 1] < 0xa0) || (lead == 0xed && bytes[i + 1] > 0x9f)
            || (lead == 0xf0 && bytes[i + 1] < 0x90) || (lead == 0xf4 && bytes[i + 1] > 0x8f)) {
            return false;
        }
        i += length;
    }
    return true;
}

std::string shell_quoted(std::string_view text) {
    return "'" + replace_all(std::string(text), "'", "'\\''") + "'";
}

// Fewer letters are in too many words.
constexpr std::size_t part_least = 4;

std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates) {
    const auto best =
        std::min_element(candidates.begin(), candidates.end(), [&](const auto& a, const auto& b) {
            return edit_distance(word, a) < edit_distance(word, b);
        });
    if (best == candidates.end()) return std::nullopt;
    // A third of the letters may be wrong; past that it is another word, or a part of one.
    if (edit_distance(word, *best) <= std::max<std::size_t>(2, best->size() / 3)) return *best;
    const auto whole =
        std::find_if(candidates.begin(), candidates.end(), [&](const std::string& candidate) {
            return word.size() >= part_least && candidate.find(word) != std::string::npos;
        });
    return whole == candidates.end() ? std::nullopt : std::optional(*whole);
}

std::string to_hex(std::span<const unsigned char> bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const unsigned char byte : bytes) {
        text.push_back(digits[byte >> 4U]);
        text.push_back(digits[byte & 0xfU]);
    }
    return text;
}

std::optional<std::string> from_hex(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    if (text.size() % 2 != 0) return std::nullopt;
    std::string bytes;
    bytes.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const auto high = digits.find(text[i]);
        const auto low = digits.find(text[i + 1]);
        if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
        bytes.push_back(static_cast<char>(high * digits.size() + low));
    }
    return bytes;
}

std::string sha256_hex(std::string_view data) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    const int ok =
        EVP_Digest(data.data(), data.size(), digest.data(), &size, EVP_sha256(), nullptr);
    SQUALL_ASSERT(ok == 1);
    return to_hex(std::span(digest).first(size));
}

std::string to_base64(std::string_view data) {
    std::string text((data.size() + 2) / 3 * 4 + 1, '\0');
    const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                     reinterpret_cast<const unsigned char*>(data.data()),
                                     static_cast<int>(data.size()));
    text.resize(static_cast<std::size_t>(size));
    return text;
}

Result<std::string> from_base64(std::string_view text) {
    constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    constexpr unsigned sextet = 6;
    std::string data;
    unsigned bits = 0;
    unsigned bit_count = 0;
    for (const char c : text) {
        const auto value = alphabet.find(c);
        if (value == std::string_view::npos) break;
        bits = (bits << sextet | static_cast<unsigned>(value)) & 0xffffU;
        bit_count += sextet;
        if (bit_count < 8) continue;
        bit_count -= 8;
        data.push_back(static_cast<char>(bits >> bit_count & 0xffU));
    }
    // There is one way to write bytes in base64.
    if (to_base64(data) != text) return fail(Errc::invalid_input, "this is not base64");
    return data;
}

std::string random_hex(std::size_t digits) {
    return to_hex(as_bytes(random_bytes((digits + 1) / 2))).substr(0, digits);
}

std::string random_uuid() {
    std::string bytes = random_bytes(16);
    bytes[6] = static_cast<char>((static_cast<unsigned char>(bytes[6]) & 0x0fU) | 0x40U);
    bytes[8] = static_cast<char>((static_cast<unsigned char>(bytes[8]) & 0x3fU) | 0x80U);
    const std::string hex = to_hex(as_bytes(bytes));
    return fmt::format("{}-{}-{}-{}-{}",
                       hex.substr(0, 8),
                       hex.substr(8, 4),
                       hex.substr(12, 4),
                       hex.substr(16, 4),
                       hex.substr(20));
}

} // namespace squall
