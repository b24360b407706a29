#include "agent/agent_log.h"

#include "squall/base/log.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

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

} // namespace

std::string
log_line(std::string_view level, WallTime when, std::string_view message, LogFields fields) {
    std::string line =
        fmt::format("level={} time={} msg={}", level, rfc3339_seconds(when), in_quotes(message));
    for (const auto& [key, value] : fields)
        line += fmt::format(" {}={}", key, in_quotes(value));
    return line + "\n";
}

AgentLog::AgentLog(Path file) : file_(std::move(file)) {
    open();
    if (!fd_) log::print("cannot write the log {}: {}\n", file_.string(), errno_text(errno));
}

void AgentLog::open() {
    fd_ = Fd(::open(file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));

    struct stat info {};

    size_ = fd_ && ::fstat(fd_.get(), &info) == 0 ? static_cast<std::size_t>(info.st_size) : 0;
}

void AgentLog::write(std::string_view level, std::string_view message, LogFields fields) {
    const std::string line = log_line(level, Wall::now(), message, fields);
    // Nobody to tell when a log cannot be written; each line is one write.
    [[maybe_unused]] ssize_t ignored = ::write(STDOUT_FILENO, line.data(), line.size());
    if (!fd_) return;
    ignored = ::write(fd_.get(), line.data(), line.size());
    size_ += line.size();
    if (size_ < size_max) return;
    ::rename(file_.c_str(), (file_.string() + ".1").c_str());
    open();
}

} // namespace squall::labhost
