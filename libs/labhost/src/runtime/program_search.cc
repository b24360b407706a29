#include "runtime/program_search.h"

#include "squall/base/text.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace squall::labhost::runtime {
namespace {

constexpr int not_found = 127;
constexpr int not_executable = 126;

// 0, or errno: why this file cannot be started.
int trouble_with(const std::string& path) {
    struct stat info {};

    if (::stat(path.c_str(), &info) != 0) return errno;
    // Root may read everything, and start only what somebody may start.
    constexpr mode_t any_execute = S_IXUSR | S_IXGRP | S_IXOTH;
    return S_ISREG(info.st_mode) && (info.st_mode & any_execute) != 0 ? 0 : EACCES;
}

std::string go_text(int number) { return lower(errno_text(number)); }

} // namespace

Result<std::string, StartFailure> find_program(const std::string& name,
                                               const std::vector<std::string>& environment) {
    if (name.find('/') != std::string::npos) {
        const int number = trouble_with(name);
        if (number == 0) return name;
        if (number == EACCES)
            return fail(StartFailure{not_executable,
                                     fmt::format("exec: \"{}\": {}", name, go_text(number))});
        return fail(StartFailure{
            not_found, fmt::format("exec: \"{}\": stat {}: {}", name, name, go_text(number))});
    }
    bool was_refused = false;
    for (const auto& variable : environment) {
        const auto [key, folders] = split_once(variable, '=');
        if (key != "PATH") continue;
        for (const auto& folder : split(folders, ':')) {
            const std::string path = fmt::format("{}/{}", folder.empty() ? "." : folder, name);
            const int number = trouble_with(path);
            if (number == 0) return path;
            was_refused = was_refused || number == EACCES;
        }
    }
    if (was_refused)
        return fail(
            StartFailure{not_executable, fmt::format("exec: \"{}\": permission denied", name)});
    return fail(StartFailure{
        not_found, fmt::format("exec: \"{}\": executable file not found in $PATH", name)});
}

} // namespace squall::labhost::runtime
