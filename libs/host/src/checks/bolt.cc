#include "checks/bolt.h"

#include <cstdint>
#include <cstring>
#include <optional>

namespace squall::host {
namespace {

// The file format of bbolt, version 2. A page: id (8 bytes), flags (2), count (2), overflow (4);
// then elements, whose positions count from themselves. All little-endian on the machines that ECS
// runs on.
constexpr std::uint32_t magic = 0xED0CDAED;
constexpr std::uint32_t version = 2;
constexpr std::size_t page_head = 16;
constexpr std::size_t element_size = 16;
constexpr std::size_t bucket_head = 16;
constexpr std::size_t meta_size = 64;
constexpr std::size_t meta_checked = 56;
constexpr std::uint16_t branch_page = 0x01;
constexpr std::uint16_t leaf_page = 0x02;
constexpr std::uint32_t bucket_element = 0x01;
constexpr int depth_max = 16;
constexpr std::size_t pages_max = 1U << 16U;

template <class Number>
std::optional<Number> number_at(std::string_view bytes, std::uint64_t at) {
    if (at > bytes.size() || bytes.size() - at < sizeof(Number)) return std::nullopt;
    Number number = 0;
    std::memcpy(&number, bytes.data() + at, sizeof number);
    return number;
}

std::string_view part(std::string_view bytes, std::uint64_t at, std::uint64_t size) {
    if (at > bytes.size() || bytes.size() - at < size) return {};
    return bytes.substr(at, size);
}

std::uint64_t fnv_1a(std::string_view bytes) {
    std::uint64_t hash = 0xCBF29CE484222325U;
    for (const char one : bytes) {
        hash ^= static_cast<unsigned char>(one);
        hash *= 0x100000001B3U;
    }
    return hash;
}

struct Meta {
    std::uint32_t page_size = 0;
    std::uint64_t root = 0;
    std::uint64_t transaction = 0;
};

// `size`: of the whole file.
Result<Meta> read_meta(std::string_view file, std::uint64_t size, std::uint64_t page_at) {
    const std::string_view meta = part(file, page_at + page_head, meta_size);
    if (meta.empty() || number_at<std::uint32_t>(meta, 0) != magic)
        return fail(Errc::invalid_input, "invalid database");
    if (number_at<std::uint32_t>(meta, 4) != version)
        return fail(Errc::invalid_input, "version mismatch");
    if (number_at<std::uint64_t>(meta, meta_checked) != fnv_1a(meta.substr(0, meta_checked)))
        return fail(Errc::invalid_input, "checksum error");
    Meta read{*number_at<std::uint32_t>(meta, 8),
              *number_at<std::uint64_t>(meta, 16),
              *number_at<std::uint64_t>(meta, 48)};
    if (read.page_size < page_head + meta_size || read.page_size > size)
        return fail(Errc::invalid_input, "invalid database");
    return read;
}

// The newer of the two that are good. The second one's place hangs on a page size that only the
// first one says: where that is broken, the usual sizes are tried, as bbolt does.
Result<Meta> newest_meta(std::string_view file, std::uint64_t size) {
    const auto first = read_meta(file, size, 0);
    std::optional<Meta> newest;
    if (first) newest = *first;
    for (std::uint64_t page = 1024; page <= 65'536; page *= 2) {
        if (first && page != first->page_size) continue;
        const auto second = read_meta(file, size, page);
        if (second && (!newest || second->transaction > newest->transaction)) newest = *second;
    }
    if (!newest) return fail(first.error());
    return *newest;
}

Result<void> expect_page(const Meta& meta, std::uint64_t size, std::uint64_t page) {
    if (page < size / meta.page_size) return {};
    return fail(Errc::invalid_input, "page {} is not there", page);
}

class Reader {
public:
    using Found = std::map<std::string, std::string>;

    Reader(std::string_view file, const Meta& meta) : file_(file), meta_(meta) {}

    // Every element below a page: keys, values, and which of them are buckets.
    Result<void> walk(std::uint64_t page, int depth, bool buckets, Found& into) {
        if (depth > depth_max || ++pages_ > pages_max)
            return fail(Errc::invalid_input, "the pages of the database lead in circles");
        if (auto there = expect_page(meta_, file_.size(), page); !there) return there;
        return walk_bytes(file_.substr(page * meta_.page_size), depth, buckets, into);
    }

    // The value of a bucket: its root's page, a counter, and, of a small one, that page itself.
    Result<void> walk_bucket(std::string_view value, Found& into) {
        const auto root = number_at<std::uint64_t>(value, 0);
        if (!root || value.size() < bucket_head)
            return fail(Errc::invalid_input, "a bucket has no root");
        return *root == 0 ? walk_bytes(value.substr(bucket_head), 0, /*buckets=*/false, into)
                          : walk(*root, 0, /*buckets=*/false, into);
    }

private:
    Result<void> walk_bytes(std::string_view page, int depth, bool buckets, Found& into) {
        const auto flags = number_at<std::uint16_t>(page, 8);
        const auto count = number_at<std::uint16_t>(page, 10);
        if (!flags || !count || (*flags & (branch_page | leaf_page)) == 0)
            return fail(Errc::invalid_input, "a page is neither branch nor leaf");
        for (std::uint64_t i = 0; i < *count; ++i) {
            const std::uint64_t at = page_head + i * element_size;
            auto taken = (*flags & branch_page) != 0 ? descend(page, at, depth, buckets, into)
                                                     : take(page, at, buckets, into);
            if (!taken) return taken;
        }
        return {};
    }

    Result<void>
    descend(std::string_view page, std::uint64_t at, int depth, bool buckets, Found& into) {
        const auto child = number_at<std::uint64_t>(page, at + 8);
        if (!child) return fail(Errc::invalid_input, "a branch ends in the middle");
        return walk(*child, depth + 1, buckets, into);
    }

    static Result<void> take(std::string_view page, std::uint64_t at, bool buckets, Found& into) {
        const auto flags = number_at<std::uint32_t>(page, at);
        const auto position = number_at<std::uint32_t>(page, at + 4);
        const auto key_size = number_at<std::uint32_t>(page, at + 8);
        const auto value_size = number_at<std::uint32_t>(page, at + 12);
        if (!flags || !position || !key_size || !value_size)
            return fail(Errc::invalid_input, "a leaf ends in the middle");
        const std::uint64_t size = std::uint64_t(*key_size) + *value_size;
        const std::string_view both = part(page, at + *position, size);
        if (both.size() != size) return fail(Errc::invalid_input, "a value lies outside");
        if (((*flags & bucket_element) != 0) == buckets)
            into[std::string(both.substr(0, *key_size))] = both.substr(*key_size);
        return {};
    }

    std::string_view file_;
    Meta meta_;
    std::size_t pages_ = 0;
};

} // namespace

bool is_bolt(std::string_view file) {
    return number_at<std::uint32_t>(file, page_head) == magic
           || newest_meta(file, file.size()).has_value();
}

Result<void> check_beginning(std::string_view beginning, std::uint64_t size) {
    const auto meta = newest_meta(beginning, size);
    if (!meta) return fail(meta.error());
    return expect_page(*meta, size, meta->root);
}

Result<std::map<std::string, std::string>> read_bucket(std::string_view file,
                                                       std::string_view bucket) {
    const auto meta = newest_meta(file, file.size());
    if (!meta) return fail(meta.error());
    Reader reader(file, *meta);
    Reader::Found buckets;
    if (auto walked = reader.walk(meta->root, 0, /*buckets=*/true, buckets); !walked)
        return fail(walked.error());
    Reader::Found values;
    const auto found = buckets.find(std::string(bucket));
    if (found == buckets.end()) return values;
    if (auto walked = reader.walk_bucket(found->second, values); !walked)
        return fail(walked.error());
    return values;
}

} // namespace squall::host
