#include "agent/agent_log.h"

#include "squall/base/log.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace squall::labhost {
namespace {

std::string in_quotes(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out.push_back('\\');
        if (c == '\n')
            out += "\\n";
        else
            out.push_back(c);
    }
    return out + "\"";
}

// 2026-06-30-17
std::string hour_of(WallTime when) {
    std::string text = rfc3339_seconds(when).substr(0, 13);
    text[10] = '-';
    return text;
}

bool is_hour(std::string_view text) {
    constexpr std::string_view shape = "dddd-dd-dd-dd";
    return text.size() == shape.size()
           && std::equal(text.begin(), text.end(), shape.begin(), [](char c, char wanted) {
                  return wanted == 'd' ? c >= '0' && c <= '9' : c == wanted;
              });
}

// What stands behind the file's name and a dot, of those that were moved aside; the oldest first.
std::vector<std::string> suffixes_of(const Path& file, LogRotation::Kind kind) {
    std::vector<std::string> found;
    const std::string prefix = file.filename().string() + ".";
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(file.parent_path(), error)) {
        const std::string name = entry.path().filename().string();
        if (!name.starts_with(prefix)) continue;
        const std::string suffix = name.substr(prefix.size());
        const bool is_one = kind == LogRotation::Kind::hourly ? is_hour(suffix)
                                                              : to_integer(suffix).value_or(0) > 0;
        if (is_one) found.push_back(suffix);
    }
    std::sort(found.begin(), found.end(), [](const std::string& a, const std::string& b) {
        return std::pair(a.size(), a) < std::pair(b.size(), b);
    });
    return found;
}

} // namespace

std::string
log_line(std::string_view level, WallTime when, std::string_view message, LogFields fields) {
    std::string line =
        fmt::format("level={} time={} msg={}", level, rfc3339_seconds(when), in_quotes(message));
    for (const auto& [key, value] : fields)
        line += fmt::format(" {}={}", key, in_quotes(value));
    return line + "\n";
}

AgentLog::AgentLog(Path file, LogRotation rotation) : file_(std::move(file)), rotation_(rotation) {
    open();
    if (!fd_) log::print("cannot write the log {}: {}\n", file_.string(), errno_text(errno));
}

void AgentLog::open() {
    fd_ = Fd(::open(file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));

    struct stat info {};

    size_ = fd_ && ::fstat(fd_.get(), &info) == 0 ? static_cast<std::size_t>(info.st_size) : 0;
    hour_ = hour_of(size_ == 0 ? Wall::now() : Wall::from_time_t(info.st_mtim.tv_sec));
}

bool AgentLog::is_full(WallTime now) const {
    if (rotation_.kind == LogRotation::Kind::hourly) return size_ > 0 && hour_of(now) != hour_;
    return size_ >= rotation_.size_max;
}

void AgentLog::rotate() {
    auto kept = suffixes_of(file_, rotation_.kind);
    const auto last = kept.empty() ? 0 : to_integer(kept.back()).value_or(0);
    kept.push_back(rotation_.kind == LogRotation::Kind::hourly ? hour_ : std::to_string(last + 1));
    ::rename(file_.c_str(), fmt::format("{}.{}", file_.string(), kept.back()).c_str());
    for (std::size_t i = 0; i + rotation_.kept_max < kept.size(); ++i)
        ::unlink(fmt::format("{}.{}", file_.string(), kept[i]).c_str());
    open();
}

void AgentLog::write(std::string_view level, std::string_view message, LogFields fields) {
    const WallTime now = Wall::now();
    const std::string line = log_line(level, now, message, fields);
    // Nobody to tell when a log cannot be written; each line is one write.
    [[maybe_unused]] ssize_t ignored = ::write(STDOUT_FILENO, line.data(), line.size());
    if (!fd_) return;
    if (is_full(now)) rotate();
    ignored = ::write(fd_.get(), line.data(), line.size());
    size_ += line.size();
}

} // namespace squall::labhost
