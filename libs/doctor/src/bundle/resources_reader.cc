// What a host runs out of: room, files, memory.
#include "bundle/readers.h"
#include "squall/base/printable.h"
#include "squall/base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace squall::doctor {
namespace {

constexpr std::int64_t full_percent = 98;

std::optional<std::int64_t> percent_of(std::string_view word) {
    if (!word.ends_with('%')) return {};
    return to_integer(word.substr(0, word.size() - 1));
}

// Where a full disk keeps the agent or Docker from writing.
bool matters(std::string_view mount) {
    static constexpr std::array<std::string_view, 8> places{"/",
                                                            "/var",
                                                            "/var/lib",
                                                            "/var/lib/docker",
                                                            "/var/lib/ecs",
                                                            "/var/log",
                                                            "/var/log/ecs",
                                                            "/run"};
    return std::find(places.begin(), places.end(), mount) != places.end();
}

// What is full by its nature, or is another's space under a second name.
bool is_no_disk(std::string_view device) {
    return device.starts_with("/dev/loop") || device == "overlay" || device == "shm"
           || device == "udev" || device == "devtmpfs" || device == "efivarfs"
           || device == "squashfs";
}

constexpr std::size_t disks_max = 32; // of those that are full

struct Row {
    std::string_view device;
    std::int64_t percent = 0;
    std::string_view mount;
    bool is_inodes = false;
};

Sign sign_of(const TextFile& file, const Row& row, const TextLine& line) {
    const Certainty certainty = !matters(row.mount)  ? Certainty::possible
                                : row.percent >= 100 ? Certainty::certain
                                                     : Certainty::likely;
    return {"DISK_FULL",
            certainty,
            fmt::format("{} of {} are {} % used",
                        row.is_inodes ? "the inodes" : "the blocks",
                        printable(row.mount, 200),
                        row.percent),
            {evidence_at(file, line)}};
}

// A number with a unit behind it or none: "7812.5".
std::optional<double> number_of(std::string_view word) {
    double number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc() || end == word.data()) return {};
    return number;
}

// The number before a word: "300.1 avail".
std::optional<double> number_before(const std::vector<std::string_view>& words,
                                    std::string_view word) {
    for (std::size_t i = 1; i < words.size(); ++i)
        if (words[i].starts_with(word)) return number_of(words[i - 1]);
    return {};
}

Look look_at_available(const TextFile& file, const TextLine& line, double total, double available) {
    constexpr double least = 0.02;
    const std::string summary =
        fmt::format("{:.0f} % of the memory can be had", 100 * available / total);
    if (available >= total * least) return healthy("memory", summary);
    return finding(
        "memory", summary, {Sign{"OOM", Certainty::possible, summary, {evidence_at(file, line)}}});
}

Look too_many_files(const TextFile& file,
                    const TextLine& line,
                    Certainty certainty,
                    const std::string& summary) {
    return finding("open-files",
                   summary,
                   {Sign{"FD_EXHAUSTION", certainty, summary, {evidence_at(file, line)}}});
}

} // namespace

std::optional<Look> look_at_disks(const TextFile& file) {
    std::vector<Sign> signs;
    Row fullest;
    bool is_inodes = false;
    std::string_view device; // of a row whose rest is on the next line
    for (const TextLine& line : lines_of(file)) {
        const auto words = words_of(line.text);
        if (words.empty()) continue;
        if (words[0] == "Filesystem")
            is_inodes = line.text.find("Inodes") != std::string_view::npos;
        const auto percent = words.size() >= 2 ? percent_of(words[words.size() - 2]) : std::nullopt;
        // "/dev/mapper/a-long-name", and the figures on a line of their own.
        const std::string_view first = words.size() == 5 && !device.empty() ? device : words[0];
        device = words.size() == 1 ? words[0] : std::string_view();
        if (!percent || words.size() < 5 || is_no_disk(first)) continue;
        const Row row{first, *percent, words.back(), is_inodes};
        if (row.percent >= full_percent && signs.size() < disks_max)
            signs.push_back(sign_of(file, row, line));
        if (fullest.mount.empty() || row.percent > fullest.percent) fullest = row;
    }
    if (fullest.mount.empty()) return {};
    std::string summary = fmt::format("the fullest disk is {} with {} % of its {}",
                                      printable(fullest.mount, 200),
                                      fullest.percent,
                                      fullest.is_inodes ? "inodes" : "blocks");
    return signs.empty() ? healthy("disk", std::move(summary))
                         : finding("disk", std::move(summary), std::move(signs));
}

std::optional<Look> look_at_open_files(const TextFile& file) {
    // Soft limits of the agent's container and of dockerd differ from host to host: only what is
    // near the usual ones says anything.
    constexpr std::int64_t many = 60'000;
    constexpr std::int64_t many_of_agent = 10'000;
    std::int64_t most = -1;
    for (const TextLine& line : lines_of(file)) {
        const auto words = words_of(line.text);
        const auto count = words.empty() ? std::nullopt : to_integer(words[0]);
        if (!count) continue; // the name of a folder, as AWS's collector writes it
        most = std::max(most, *count);
        const bool is_ours = words.size() == 3
                             && (words[2] == "agent" || words[2].starts_with("amazon-ecs")
                                 || words[2] == "dockerd" || words[2] == "containerd");
        if (*count >= (is_ours ? many_of_agent : many))
            return too_many_files(
                file,
                line,
                Certainty::possible,
                fmt::format("{} has {} open files",
                            words.size() == 3 ? printable(words[2], 64) : "a process",
                            *count));
    }
    if (most < 0) return {};
    return healthy("open-files", fmt::format("no process has more than {} open files", most));
}

std::optional<Look> look_at_file_table(const TextFile& file) {
    const auto lines = lines_of(file);
    const auto words =
        lines.empty() ? std::vector<std::string_view>() : words_of(lines.front().text);
    if (words.size() != 3) return {};
    const auto used = number_of(words[0]);
    const auto most = number_of(words[2]);
    if (!used || !most || *most <= 0) return {};
    if (*used < *most * 0.95)
        return healthy("open-files", fmt::format("the host has {:.0f} open files", *used));
    return too_many_files(file,
                          lines.front(),
                          Certainty::certain,
                          fmt::format("the host has {:.0f} open files of {:.0f}", *used, *most));
}

std::optional<Look> look_at_top(const TextFile& file) {
    std::optional<double> total;
    for (const TextLine& line : lines_of(file)) {
        const auto words = words_of(line.text);
        // "MiB Mem :   7812.5 total,    120.3 free,   7500.0 used,    192.2 buff/cache"
        if (line.text.find("Mem :") != std::string_view::npos)
            total = number_before(words, "total");
        // "MiB Swap:      0.0 total,      0.0 free,      0.0 used.     81.9 avail Mem"
        const auto available = number_before(words, "avail");
        if (available && total && *total > 0)
            return look_at_available(file, line, *total, *available);
    }
    return {};
}

std::optional<Look> look_at_memory(const TextFile& file) {
    std::optional<double> total;
    for (const TextLine& line : lines_of(file)) {
        const auto words = words_of(line.text);
        if (words.size() < 2) continue;
        if (words[0] == "MemTotal:") total = number_of(words[1]);
        const auto available = words[0] == "MemAvailable:" ? number_of(words[1]) : std::nullopt;
        if (available && total && *total > 0)
            return look_at_available(file, line, *total, *available);
    }
    return {};
}

// USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND
std::optional<Look> look_at_processes(const TextFile& file) {
    constexpr std::size_t state_column = 7;
    for (const TextLine& line : lines_of(file)) {
        const auto words = words_of(line.text);
        if (words.size() <= state_column + 3 || !words[state_column].starts_with('D')) continue;
        const bool is_docker =
            std::any_of(words.begin() + state_column + 3, words.end(), [](std::string_view word) {
                return word == "dockerd" || word.ends_with("/dockerd");
            });
        if (!is_docker) continue;
        const char* summary = "dockerd waited for a disk, and could not be interrupted";
        return finding(
            "processes",
            summary,
            {Sign{"DOCKER_UNRESPONSIVE", Certainty::possible, summary, {evidence_at(file, line)}}});
    }
    return {};
}

} // namespace squall::doctor
