// For tests: bytes as they come, archives that the machine's own tar has made, and members read.
#pragma once

#include "squall/base/subprocess.h"
#include "squall/doctor/bundle.h"
#include "string_source.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>

namespace squall::doctor {

inline std::string all_of(ByteSource& bytes) {
    std::string all;
    std::array<char, 1000> piece{};
    for (std::size_t got = 1; got > 0;) {
        got = bytes.read(piece).value_or(0);
        all.append(piece.data(), got);
    }
    return all;
}

// What tar, gzip or another program says.
inline std::string output_of(std::vector<std::string> argv) {
    return run_checked({std::move(argv), {}, {}, {}}, Deadline::in(Seconds(20))).value_or("");
}

struct Unpacked {
    std::map<std::string, std::string> files; // by their names
    BundleRead read;
};

inline Unpacked unpacked(std::string tar, const BundleLimits& limits = {}) {
    StringSource source(std::move(tar));
    Unpacked result;
    const auto visit = [&](const Member& member, ByteSource& bytes) -> Result<void> {
        result.files[member.name] = all_of(bytes);
        return {};
    };
    result.read = read_bundle(source, visit, limits).value();
    return result;
}

} // namespace squall::doctor
