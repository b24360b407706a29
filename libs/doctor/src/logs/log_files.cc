#include "squall/doctor/log_files.h"

#include "collect/logs.h"
#include "squall/base/text.h"

#include <unistd.h>

#include <algorithm>

namespace squall::doctor {
namespace {

constexpr std::size_t files_max = 80;

Look unread(const Path& file, const std::string& why) {
    return {"log", Look::State::could_not_look, why, fmt::format("less {}", file.string()), {}};
}

} // namespace

std::vector<Path> logs_to_read(const Path& root) {
    std::vector<Path> files;
    for (const HostLog& log : host_logs(root)) {
        const LogKind kind = log_name(log.path.string()).kind;
        if (kind == LogKind::other || kind == LogKind::unknown) continue;
        if (files.size() < files_max) files.push_back(log.path);
    }
    return files;
}

ReadLogs read_logs(Scanner& scanner, const std::vector<Path>& files, const ReadLimits& limits) {
    ReadLogs read;
    std::uint64_t left = limits.in_total;
    for (const Path& file : files) {
        if (file == "-") {
            const auto bytes = decompressed(source_of(STDIN_FILENO));
            read.logs.push_back(scanner.scan("standard input", *bytes));
            continue;
        }
        if (left == 0) {
            read.unread.push_back(unread(
                file, fmt::format("{} was not read: newer logs were long enough", file.string())));
            continue;
        }
        if (is_archive(file)) {
            read.unread.push_back(
                {"log",
                 Look::State::could_not_look,
                 fmt::format("{} is an archive: `squall doctor --bundle {}` reads it",
                             file.string(),
                             shell_quoted(file.string())),
                 "",
                 {}});
            continue;
        }
        const auto opened = open_log(file, std::min(limits.per_file, left));
        if (!opened) {
            read.unread.push_back(unread(file, opened.error().message));
            continue;
        }
        read.logs.push_back(
            scanner.scan(file.string(), *opened->bytes, opened->skipped, log_name(file.string())));
        left -= std::min(left, read.logs.back().bytes);
    }
    return read;
}

} // namespace squall::doctor
