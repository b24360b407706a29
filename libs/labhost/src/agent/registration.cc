#include "agent/registration.h"

#include "squall/base/text.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace squall::labhost {
namespace {

// A page of the database that the agent keeps.
constexpr std::size_t page_size = 4096;

json::Array pairs(const std::string& text, const char* key, const char* value) {
    json::Array list;
    const auto object = json::parse_object(text);
    if (!object) return list;
    for (const auto& member : *object)
        list.push_back(json::Object{{key, member.key()}, {value, json::string_of(member.value())}});
    return list;
}

tl::unexpected<Error> path_error(std::string_view call, const Path& path, int number) {
    return fail(Errc::failed, "{} {}: {}", call, path.string(), lower(errno_text(number)));
}

} // namespace

json::Array attributes_of(const AgentConfig& config) {
    return pairs(config.instance_attributes, "name", "value");
}

json::Array tags_of(const AgentConfig& config) {
    return pairs(config.instance_tags, "key", "value");
}

Result<std::int64_t> memory_for_tasks(std::int64_t total_mib, std::int64_t reserved_mib) {
    if (reserved_mib <= total_mib) return total_mib - reserved_mib;
    return fail(Errc::invalid_input,
                "api register-container-instance: reserved memory is higher than available memory "
                "on the host, total memory: {}, reserved: {}",
                total_mib,
                reserved_mib);
}

std::vector<std::string> missing_attributes(const json::Array& sent, const json::Array& returned) {
    std::vector<std::string> missing;
    for (const auto& one : sent) {
        const auto name = json::string_at(one, "name");
        const bool has_come =
            std::any_of(returned.begin(), returned.end(), [&](const json::Value& other) {
                return json::string_at(other, "name") == name
                       && json::string_at(other, "value") == json::string_at(one, "value");
            });
        if (!has_come) missing.emplace_back(name);
    }
    return missing;
}

RegistrationEnd end_of_registration(const CallError& error, bool is_again) {
    if (is_again
        && error.message.find("instance type changes are not supported") != std::string::npos)
        return {true,
                "The current instance type does not match the registered instance type. Please "
                "revert the instance type change, or alternatively launch a new instance"};
    if (error.code == "InvalidParameterException")
        return {!is_again,
                is_again ? "Instance re-registration attempt with an invalid parameter"
                         : "Instance registration attempt with an invalid parameter"};
    return {error.code == "ClientException", ""};
}

Result<void> try_data_folder(const Path& folder) {
    struct stat info {};

    if (::stat(folder.c_str(), &info) != 0) return path_error("stat", folder, errno);
    if (!S_ISDIR(info.st_mode))
        return fail(Errc::invalid_input, "path {} is not a valid directory", folder.string());
    // A database that is opened takes a page before it is of any use.
    const Path file = folder / ".agent.db.lock";
    const Fd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    if (!fd) return path_error("open", folder / "agent.db", errno);
    const std::string page(page_size, '\0');
    const bool is_written =
        ::write(fd.get(), page.data(), page.size()) == static_cast<ssize_t>(page.size());
    const int number = is_written ? 0 : errno;
    ::unlink(file.c_str());
    if (!is_written) return path_error("write", folder / "agent.db", number == 0 ? ENOSPC : number);
    return {};
}

} // namespace squall::labhost
