#include "fields.h"

#include "squall/base/result.h"
#include "squall/http/session2.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>

namespace squall::http::http2 {
namespace {

// nghttp2's interface is C's, and takes what it only reads by pointers that could write.
std::uint8_t* bytes_of(std::string_view text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data())); // NOLINT
}

std::string_view text_of(const std::uint8_t* bytes, std::size_t size) {
    return {reinterpret_cast<const char*>(bytes), size}; // NOLINT
}

constexpr std::uint32_t table_size_max = 4096; // RFC 9113, 6.5.2: what everybody begins with

// RFC 7541, 5.1: an integer whose first byte has so many bits for it.
std::size_t take_integer(std::string_view& block, unsigned bits) {
    const std::size_t most = (1U << bits) - 1;
    std::size_t value = static_cast<unsigned char>(block.front()) & most;
    block.remove_prefix(1);
    if (value < most) return value;
    for (unsigned shift = 0; !block.empty() && shift < 32; shift += 7) {
        const auto byte = static_cast<unsigned char>(block.front());
        block.remove_prefix(1);
        value += static_cast<std::size_t>(byte & 0x7fU) << shift;
        if ((byte & 0x80U) == 0) break;
    }
    return value;
}

void skip_string(std::string_view& block) {
    if (block.empty()) return;
    const std::size_t size = take_integer(block, 7);
    block.remove_prefix(std::min(size, block.size()));
}

void write_integer(std::size_t value, unsigned bits, unsigned first, std::string& into) {
    const std::size_t most = (1U << bits) - 1;
    into += static_cast<char>(first | std::min(value, most));
    if (value < most) return;
    for (value -= most; value >= 0x80; value >>= 7U)
        into += static_cast<char>((value & 0x7fU) | 0x80U);
    into += static_cast<char>(value);
}

} // namespace

void FieldBlock::add(std::string_view name, std::string_view value, bool is_secret) {
    entries_.push_back({bytes_.size(), name.size(), value.size(), is_secret});
    bytes_ += name;
    bytes_ += value;
}

void FieldBlock::clear() {
    bytes_.clear();
    entries_.clear();
}

std::string_view FieldBlock::name(std::size_t number) const {
    const Entry& entry = entries_[number];
    return std::string_view(bytes_).substr(entry.begin, entry.name_size);
}

std::string_view FieldBlock::value(std::size_t number) const {
    const Entry& entry = entries_[number];
    return std::string_view(bytes_).substr(entry.begin + entry.name_size, entry.value_size);
}

std::optional<std::string_view> FieldBlock::find(std::string_view wanted) const {
    for (std::size_t number = 0; number < size(); ++number) {
        if (name(number) == wanted) return value(number);
    }
    return std::nullopt;
}

void FieldReader::Deleter::operator()(nghttp2_hd_inflater* inflater) const {
    nghttp2_hd_inflate_del(inflater);
}

FieldReader::Outcome FieldReader::read(std::string_view block, FieldBlock& into) {
    if (!inflater_) {
        nghttp2_hd_inflater* made = nullptr;
        const int failed = nghttp2_hd_inflate_new(&made);
        SQUALL_ASSERT(failed == 0); // out of memory
        inflater_.reset(made);
    }
    bool is_too_large = false;
    for (;;) {
        nghttp2_nv field{};
        int flags = 0;
        const auto taken = nghttp2_hd_inflate_hd2(
            inflater_.get(), &field, &flags, bytes_of(block), block.size(), /*in_final=*/1);
        if (taken < 0) return Outcome::broken;
        block.remove_prefix(static_cast<std::size_t>(taken));
        if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
            const auto name = text_of(field.name, field.namelen);
            const auto value = text_of(field.value, field.valuelen);
            is_too_large =
                is_too_large || into.list_size() + name.size() + value.size() + 32 > field_list_max;
            if (!is_too_large) into.add(name, value, (field.flags & NGHTTP2_NV_FLAG_NO_INDEX) != 0);
        }
        if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
        if ((flags & NGHTTP2_HD_INFLATE_EMIT) == 0 && block.empty()) return Outcome::broken;
    }
    nghttp2_hd_inflate_end_headers(inflater_.get());
    return is_too_large ? Outcome::too_large : Outcome::read;
}

bool changes_table(std::string_view block) {
    while (!block.empty()) {
        const auto first = static_cast<unsigned char>(block.front());
        if ((first & 0x80U) != 0) { // an entry of a table, by its number
            take_integer(block, 7);
            continue;
        }
        if ((first & 0x60U) != 0) return true;
        if (take_integer(block, 4) == 0) skip_string(block); // its name
        skip_string(block);
    }
    return false;
}

void FieldWriter::Deleter::operator()(nghttp2_hd_deflater* deflater) const {
    nghttp2_hd_deflate_del(deflater);
}

void FieldWriter::set_table_size(std::uint32_t size) {
    table_size_ = std::min(size, table_size_max);
    if (deflater_) nghttp2_hd_deflate_change_table_size(deflater_.get(), *table_size_);
}

void FieldWriter::write(const FieldBlock& fields, std::string& into) {
    if (!deflater_) {
        nghttp2_hd_deflater* made = nullptr;
        const int failed = nghttp2_hd_deflate_new(&made, table_size_max);
        SQUALL_ASSERT(failed == 0); // out of memory
        deflater_.reset(made);
        if (table_size_) nghttp2_hd_deflate_change_table_size(made, *table_size_);
    }
    std::vector<nghttp2_nv> list;
    list.reserve(fields.size());
    for (std::size_t number = 0; number < fields.size(); ++number) {
        const auto name = fields.name(number);
        const auto value = fields.value(number);
        const auto flags =
            fields.is_secret(number) ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE;
        list.push_back({bytes_of(name),
                        bytes_of(value),
                        name.size(),
                        value.size(),
                        static_cast<std::uint8_t>(flags)});
    }
    const std::size_t most = nghttp2_hd_deflate_bound(deflater_.get(), list.data(), list.size());
    const std::size_t begin = into.size();
    into.resize(begin + most);
    const auto size = nghttp2_hd_deflate_hd(deflater_.get(),
                                            bytes_of(std::string_view(into).substr(begin)),
                                            most,
                                            list.data(),
                                            list.size());
    SQUALL_ASSERT(size >= 0); // there is room for all of it
    into.resize(begin + static_cast<std::size_t>(size));
}

void write_plain(std::string_view name, std::string_view value, std::string& into) {
    // Literal without indexing (RFC 7541, 6.2.2); some names have a number (appendix A).
    const unsigned number = name == ":status"          ? 8
                            : name == "content-length" ? 28
                            : name == "content-type"   ? 31
                                                       : 0;
    write_integer(number, 4, 0, into);
    if (number == 0) {
        write_integer(name.size(), 7, 0, into);
        into += name;
    }
    write_integer(value.size(), 7, 0, into);
    into += value;
}

} // namespace squall::http::http2
