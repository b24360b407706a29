#include "collect/open_files.h"

#include "squall/base/printable.h"
#include "squall/base/text.h"
#include "squall/doctor/redact.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

namespace squall::doctor {
namespace {

namespace fs = std::filesystem;

std::size_t entries_of(const Path& folder) {
    std::error_code error;
    std::size_t count = 0;
    for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
         entry.increment(error))
        ++count;
    return count;
}

} // namespace

std::vector<OpenFiles> open_files_of(const Path& root, Deadline deadline) {
    std::vector<OpenFiles> all;
    std::error_code error;
    for (fs::directory_iterator entry(root / "proc", error);
         !error && entry != fs::directory_iterator() && !deadline.passed();
         entry.increment(error)) {
        const std::string pid = entry->path().filename().string();
        if (!to_integer(pid)) continue;
        const auto name = read_file(entry->path() / "comm", 256);
        if (!name) continue; // it has ended
        all.push_back(
            {entries_of(entry->path() / "fd"), pid, printable(redacted(trimmed(*name)), 64)});
    }
    std::sort(all.begin(), all.end(), [](const OpenFiles& a, const OpenFiles& b) {
        return a.count != b.count ? a.count > b.count : a.pid < b.pid;
    });
    return all;
}

std::string named_counts(const std::vector<OpenFiles>& all) {
    std::string text;
    for (const OpenFiles& each : all)
        text += fmt::format("{} {} {}\n", each.count, each.pid, each.process);
    return text;
}

std::string collector_counts(const std::vector<OpenFiles>& all) {
    std::string text;
    for (const OpenFiles& each : all)
        text += fmt::format("/proc/{}/fd\n{}\n", each.pid, each.count + 1);
    return text;
}

} // namespace squall::doctor
