// Header blocks of HTTP/2: read and written by nghttp2's HPACK (RFC 7541). Each direction of a
// connection has a table of its own, and every block has to be read, in order, or the table is
// lost.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct nghttp2_hd_inflater;
struct nghttp2_hd_deflater;

namespace squall::http::http2 {

// Names and values in the order that they came in. A value: it may be moved and kept.
class FieldBlock {
public:
    void add(std::string_view name, std::string_view value, bool is_secret = false);
    void clear();

    [[nodiscard]] std::size_t size() const { return entries_.size(); }

    [[nodiscard]] bool empty() const { return entries_.empty(); }

    // As RFC 9113, 10.5.1 counts.
    [[nodiscard]] std::size_t list_size() const { return bytes_.size() + 32 * entries_.size(); }

    [[nodiscard]] std::string_view name(std::size_t number) const;
    [[nodiscard]] std::string_view value(std::size_t number) const;

    // Never to be put into a table, by nobody on its way.
    [[nodiscard]] bool is_secret(std::size_t number) const { return entries_[number].is_secret; }

    // The first of this name (in lower case).
    [[nodiscard]] std::optional<std::string_view> find(std::string_view wanted) const;

private:
    struct Entry {
        std::size_t begin = 0;
        std::size_t name_size = 0;
        std::size_t value_size = 0;
        bool is_secret = false;
    };

    std::string bytes_;
    std::vector<Entry> entries_;
};

class FieldReader {
public:
    enum class Outcome {
        read,
        too_large, // the rest was read, and not kept
        broken,    // nothing more can be read on this connection
    };

    [[nodiscard]] Outcome read(std::string_view block, FieldBlock& into);

private:
    struct Deleter {
        void operator()(nghttp2_hd_inflater* inflater) const;
    };

    std::unique_ptr<nghttp2_hd_inflater, Deleter> inflater_; // from the first block on
};

// Whether the same bytes may mean something else afterwards, or other bytes than before: it puts
// entries into the table, or changes its size. Of a block that could be read.
[[nodiscard]] bool changes_table(std::string_view block);

class FieldWriter {
public:
    // What the other side allows its table to be.
    void set_table_size(std::uint32_t size);

    // Appends.
    void write(const FieldBlock& fields, std::string& into);

private:
    struct Deleter {
        void operator()(nghttp2_hd_deflater* deflater) const;
    };

    std::unique_ptr<nghttp2_hd_deflater, Deleter> deflater_; // from the first block on
    std::optional<std::uint32_t> table_size_;
};

// Appends a field that no table knows, so that it means the same on every connection.
void write_plain(std::string_view name, std::string_view value, std::string& into);

} // namespace squall::http::http2
