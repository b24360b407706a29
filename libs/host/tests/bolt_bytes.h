// Databases of bbolt, made byte by byte.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <string_view>

namespace squall::host {

using BoltValues = std::map<std::string, std::string>;

constexpr std::size_t bolt_page_size = 4096;

template <class Number>
void put(std::string& bytes, std::size_t at, Number number) {
    std::memcpy(bytes.data() + at, &number, sizeof number);
}

inline std::uint64_t bolt_checksum(std::string_view bytes) {
    std::uint64_t hash = 0xCBF29CE484222325U;
    for (const char one : bytes)
        hash = (hash ^ static_cast<unsigned char>(one)) * 0x100000001B3U;
    return hash;
}

// A leaf page with these; `flags` 1: they are buckets.
inline std::string bolt_leaf(const BoltValues& values, std::uint32_t flags) {
    std::string page(16 + 16 * values.size(), '\0');
    put<std::uint16_t>(page, 8, 2);
    put<std::uint16_t>(page, 10, static_cast<std::uint16_t>(values.size()));
    std::size_t element = 16;
    for (const auto& [key, value] : values) {
        put<std::uint32_t>(page, element, flags);
        put<std::uint32_t>(page, element + 4, static_cast<std::uint32_t>(page.size() - element));
        put<std::uint32_t>(page, element + 8, static_cast<std::uint32_t>(key.size()));
        put<std::uint32_t>(page, element + 12, static_cast<std::uint32_t>(value.size()));
        page += key + value;
        element += 16;
    }
    return page;
}

// As bbolt writes it: two metas, a free list, and the root with one small bucket in it.
inline std::string bolt_database(const BoltValues& metadata,
                                 std::size_t page_size = bolt_page_size) {
    constexpr std::uint64_t transaction = 2;
    std::string file(4 * page_size, '\0');
    for (std::size_t number = 0; number < 2; ++number) {
        const std::size_t at = number * page_size + 16;
        put<std::uint16_t>(file, number * page_size + 8, 4);
        put<std::uint32_t>(file, at, 0xED0CDAED);
        put<std::uint32_t>(file, at + 4, 2);
        put<std::uint32_t>(file, at + 8, static_cast<std::uint32_t>(page_size));
        put<std::uint64_t>(file, at + 16, 3);
        put<std::uint64_t>(file, at + 48, transaction - number);
        put<std::uint64_t>(file, at + 56, bolt_checksum(std::string_view(file).substr(at, 56)));
    }
    const std::string bucket = std::string(16, '\0') + bolt_leaf(metadata, 0);
    const std::string root = bolt_leaf({{"metadata", bucket}}, 1);
    file.replace(3 * page_size, root.size(), root);
    return file;
}

} // namespace squall::host
