// The buckets of the lab and what is in them: names and headers in memory, bytes in files of a
// folder that the lab removes when it ends. Nothing is synced to disk.
#pragma once

#include "squall/base/clock.h"
#include "squall/base/file.h"
#include "squall/wire/http_message.h"

#include <cstdint>
#include <map>

namespace squall::lab::s3 {

// Bytes in a file of the store's folder, which goes with the object.
class StoredBytes {
public:
    StoredBytes() = default;

    StoredBytes(Path file, std::size_t size) : file_(std::move(file)), size_(size) {}

    StoredBytes(StoredBytes&& other) noexcept;
    StoredBytes& operator=(StoredBytes&& other) noexcept;
    StoredBytes(const StoredBytes&) = delete;
    StoredBytes& operator=(const StoredBytes&) = delete;
    ~StoredBytes();

    [[nodiscard]] std::size_t size() const { return size_; }

    [[nodiscard]] Result<std::string> read(std::size_t offset, std::size_t count) const;

private:
    Path file_;
    std::size_t size_ = 0;
};

struct Object {
    StoredBytes bytes;
    std::string etag; // with its quotes
    WallTime modified;
    std::string sha256;    // base64, where it was sent
    wire::Headers headers; // Content-Type and what else comes back with the object
};

// An object that comes in parts.
struct Upload {
    std::string key;
    wire::Headers headers;
    WallTime started;

    struct Part {
        StoredBytes bytes;
        std::string md5; // 16 bytes
    };

    std::map<std::int64_t, Part> parts; // by number
};

struct Bucket {
    std::string region;
    WallTime created;
    std::map<std::string, Object, std::less<>> objects; // by key
    std::map<std::string, Upload, std::less<>> uploads; // by id
};

class Store {
public:
    static constexpr std::size_t buckets_max = 100;
    static constexpr std::size_t objects_max = 10'000; // of a bucket
    static constexpr std::size_t uploads_max = 100;    // of a bucket

    // The folder is made when it is needed.
    explicit Store(Path folder) : folder_(std::move(folder)) {}

    [[nodiscard]] Result<StoredBytes> keep(std::string_view bytes);

    std::map<std::string, Bucket, std::less<>> buckets; // by name

private:
    Path folder_;
    std::uint64_t last_file_ = 0;
};

} // namespace squall::lab::s3
