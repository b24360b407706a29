#include "squall/doctor/bundle.h"

#include "squall/base/printable.h"
#include "squall/doctor/redact.h"

#include <fmt/format.h>

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

namespace squall::doctor {
namespace {

// What libarchive reads of a header it may keep (a map of holes, forty bytes for each four): so
// many bytes are the most that it gets for one.
constexpr std::uint64_t header_max = std::uint64_t{4} << 20U;
constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

struct Closed {
    void operator()(archive* reader) const { archive_read_free(reader); }
};

using Reader = std::unique_ptr<archive, Closed>;

// What libarchive draws its bytes from; it ends where a limit is reached.
class Feed {
public:
    Feed(ByteSource& source, std::uint64_t bytes_max) : source_(source), left_(bytes_max) {}

    [[nodiscard]] std::size_t draw(const void** into) {
        if (left_ == 0 || header_left_ == 0) {
            stopped_ = left_ == 0 ? "it holds more than is read of an archive"
                                  : "a header in it has no end";
            return 0;
        }
        const std::uint64_t most = std::min({left_, header_left_, std::uint64_t{buffer_.size()}});
        const auto got = source_.read({buffer_.data(), static_cast<std::size_t>(most)});
        if (!got) {
            stopped_ = got.error().message;
            return 0;
        }
        left_ -= *got;
        if (header_left_ != unlimited) header_left_ -= *got;
        *into = buffer_.data();
        return *got;
    }

    void begin_header() { header_left_ = header_max; }

    void end_header() { header_left_ = unlimited; }

    [[nodiscard]] const std::optional<std::string>& stopped() const { return stopped_; }

private:
    ByteSource& source_;
    std::uint64_t left_;
    std::uint64_t header_left_ = unlimited;
    std::optional<std::string> stopped_;
    std::array<char, std::size_t{64} << 10U> buffer_{};
};

la_ssize_t draw(archive* /*reader*/, void* feed, const void** into) {
    return static_cast<la_ssize_t>(static_cast<Feed*>(feed)->draw(into));
}

// The bytes of the member that the reader has come to. Holes are left out: a file may have more of
// them than there is time.
class MemberBytes final : public ByteSource {
public:
    explicit MemberBytes(archive* reader) : reader_(reader) {}

    Result<std::size_t> read(std::span<char> into) override {
        while (block_.empty() && !ended_) {
            const void* data = nullptr;
            std::size_t size = 0;
            la_int64_t offset = 0;
            const int state = archive_read_data_block(reader_, &data, &size, &offset);
            ended_ = state != ARCHIVE_OK && state != ARCHIVE_WARN && state != ARCHIVE_RETRY;
            broke_off_ = ended_ && state != ARCHIVE_EOF;
            if (!ended_ && data != nullptr) block_ = {static_cast<const char*>(data), size};
        }
        if (block_.empty() && broke_off_)
            return fail(Errc::failed, "the archive breaks off in the middle of it");
        const std::size_t given = std::min(into.size(), block_.size());
        std::copy_n(block_.data(), given, into.data());
        block_.remove_prefix(given);
        return given;
    }

    [[nodiscard]] bool broke_off() const { return broke_off_; }

private:
    archive* reader_;
    std::string_view block_;
    bool ended_ = false;
    bool broke_off_ = false;
};

// "" of a regular file; what else it is.
std::string_view oddity_of(archive_entry* entry) {
    if (archive_entry_hardlink(entry) != nullptr) return "a link to another file";
    switch (archive_entry_filetype(entry)) {
    case AE_IFREG:
        return "";
    case AE_IFDIR:
        return "a folder";
    case AE_IFLNK:
        return "a link";
    default:
        return "a device, a pipe or a socket";
    }
}

Member member_of(archive_entry* entry) {
    constexpr std::size_t path_max = 1024;
    const char* path = archive_entry_pathname_utf8(entry);
    if (path == nullptr) path = archive_entry_pathname(entry);
    Member member;
    member.path = printable(redacted(path == nullptr ? "" : path), path_max);
    member.name = name_in_bundle(member.path);
    member.size = static_cast<std::uint64_t>(std::max<la_int64_t>(archive_entry_size(entry), 0));
    // Nobody collects from before the epoch, or from when its nanoseconds do not fit.
    constexpr std::int64_t year_2200 = 7'258'118'400;
    member.changed =
        WallTime(Seconds(std::clamp<std::int64_t>(archive_entry_mtime(entry), 0, year_2200)));
    return member;
}

class BundleReading {
public:
    BundleReading(ByteSource& bytes, const MemberVisitor& visit, const BundleLimits& limits)
        : feed_(bytes, limits.bytes_max), visit_(visit), limits_(limits) {}

    Result<BundleRead> read();

private:
    // Goes to the next member; nothing at the end.
    archive_entry* next();
    Result<void> visit(archive_entry* entry);
    void remark(std::string text);
    void remark_end(std::string_view where);

    Feed feed_;
    Reader reader_{archive_read_new()};
    const MemberVisitor& visit_;
    const BundleLimits& limits_;
    BundleRead result_;
    bool begun_ = false;
};

void BundleReading::remark(std::string text) {
    if (result_.remarks.size() < BundleRead::remarks_max)
        result_.remarks.push_back(std::move(text));
    else if (result_.remarks.size() == BundleRead::remarks_max)
        result_.remarks.emplace_back("and more of this kind");
}

void BundleReading::remark_end(std::string_view where) {
    result_.is_cut = true;
    const char* text = archive_error_string(reader_.get());
    result_.remarks.push_back(fmt::format(
        "the archive breaks off {}: {}",
        where,
        feed_.stopped() ? *feed_.stopped()
                        : printable(text == nullptr ? "it ends too early" : text, 200)));
}

archive_entry* BundleReading::next() {
    archive_entry* entry = nullptr;
    feed_.begin_header();
    int state = ARCHIVE_RETRY;
    for (int tries = 0; state == ARCHIVE_RETRY && tries < 100; ++tries)
        state = archive_read_next_header(reader_.get(), &entry);
    feed_.end_header();
    if (state == ARCHIVE_OK || state == ARCHIVE_WARN) return entry;
    if (state != ARCHIVE_EOF || feed_.stopped())
        remark_end("after " + std::to_string(result_.files) + " files");
    return nullptr;
}

Result<void> BundleReading::visit(archive_entry* entry) {
    const Member member = member_of(entry);
    if (const std::string_view oddity = oddity_of(entry); !oddity.empty()) {
        if (archive_entry_filetype(entry) != AE_IFDIR || archive_entry_hardlink(entry) != nullptr)
            remark(fmt::format("{} is {}: left out", member.path, oddity));
        return {};
    }
    if (archive_entry_sparse_count(entry) > 0)
        remark(fmt::format("{} has holes: they are left out", member.path));
    ++result_.files;
    MemberBytes bytes(reader_.get());
    auto visited = visit_(member, bytes);
    if (bytes.broke_off()) remark_end("in " + member.path);
    return visited;
}

Result<BundleRead> BundleReading::read() {
    SQUALL_ASSERT(reader_ != nullptr);
    archive* reader = reader_.get();
    if (archive_read_support_format_tar(reader) != ARCHIVE_OK
        || archive_read_open(reader, &feed_, nullptr, draw, nullptr) != ARCHIVE_OK) {
        // Who packed it otherwise is told how to unpack it.
        if (feed_.stopped()) return fail(Errc::failed, "{}", *feed_.stopped());
        return fail(Errc::failed,
                    "this is no tar archive: its beginning says something else; --log reads a log");
    }
    for (std::size_t members = 0; !result_.is_cut; ++members) {
        archive_entry* entry = next();
        if (entry == nullptr) break;
        begun_ = true;
        if (members == limits_.members_max) {
            remark(fmt::format("only the first {} members are read", limits_.members_max));
            result_.is_cut = true;
            break;
        }
        if (auto visited = visit(entry); !visited) return fail(visited.error());
        // Here, and not with the next header, whose bytes are limited.
        if (!result_.is_cut && archive_read_data_skip(reader) < ARCHIVE_WARN)
            remark_end("after " + std::to_string(result_.files) + " files");
    }
    if (!begun_ && result_.is_cut)
        return fail(
            Errc::failed, "this is no tar archive: {}; --log reads a log", result_.remarks.front());
    return std::move(result_);
}

} // namespace

std::string_view name_in_bundle(std::string_view path) {
    std::string_view rest = path;
    while (rest.starts_with("./") || rest.starts_with("/"))
        rest.remove_prefix(rest.front() == '/' ? 1 : 2);
    constexpr std::string_view folder = "collect/";
    if (!rest.starts_with(folder)) return rest;
    const std::size_t slash = rest.find('/', folder.size());
    return slash == std::string_view::npos ? rest : rest.substr(slash + 1);
}

Result<BundleRead>
read_bundle(ByteSource& bytes, const MemberVisitor& visit, const BundleLimits& limits) {
    return std::make_unique<BundleReading>(bytes, visit, limits)->read();
}

} // namespace squall::doctor
