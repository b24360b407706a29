// Archives of evidence, read as a stream: those of AWS's logs collector and ours, which have the
// same layout. Nothing is unpacked onto a disk, and nothing in an archive is trusted: not its
// sizes, not its names, not its end.
#pragma once

#include "squall/base/clock.h"
#include "squall/doctor/byte_source.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace squall::doctor {

struct Member {
    std::string path; // for people: printable, without secrets; nothing is ever opened by it
    std::string
        name; // without the folders that every file of a collector's is in: "ecs-agent/ecs.config"
    std::uint64_t size = 0; // as the archive says
    WallTime changed;
};

struct BundleLimits {
    std::uint64_t bytes_max = std::uint64_t{8} << 30U; // of the archive, decompressed
    std::size_t members_max = 100'000;
};

struct BundleRead {
    std::size_t files = 0;
    bool is_cut = false; // it ends in the middle, or a limit was reached: there may be more
    // What was not read, and why; one sentence each, for people.
    std::vector<std::string> remarks;

    static constexpr std::size_t remarks_max = 20;
};

// Called for each regular file. What it does not read is skipped. Its bytes have gone with the
// call. An error ends the reading.
using MemberVisitor = std::function<Result<void>(const Member&, ByteSource& bytes)>;

// `bytes` are those of a tar archive (see decompressed()). What breaks off gives what there is. An
// error is the visitor's, or says that this is no archive.
[[nodiscard]] Result<BundleRead>
read_bundle(ByteSource& bytes, const MemberVisitor& visit, const BundleLimits& limits = {});

// "collect/i-0123/ecs-agent/ecs.config" is "ecs-agent/ecs.config".
[[nodiscard]] std::string_view name_in_bundle(std::string_view path);

} // namespace squall::doctor
