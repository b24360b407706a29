#include "agent/agent_state.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>

namespace squall::labhost {
namespace {

constexpr std::size_t file_max = 64U << 20U;

json::Object to_json(const ContainerState& container) {
    json::Object object{{"definition", container.definition},
                        {"name", container.name},
                        {"dockerName", container.docker_name},
                        {"id", container.id},
                        {"status", container.status},
                        {"reason", container.reason},
                        {"bindings", container.bindings},
                        {"essential", container.essential},
                        {"isPause", container.is_pause}};
    if (container.exit_code) object["exitCode"] = *container.exit_code;
    return object;
}

ContainerState container_from(const json::Value& value) {
    ContainerState container;
    container.definition = json::object_at(value, "definition");
    container.name = json::string_at(value, "name");
    container.docker_name = json::string_at(value, "dockerName");
    container.id = json::string_at(value, "id");
    container.status = json::string_at(value, "status", "NONE");
    container.reason = json::string_at(value, "reason");
    container.bindings = json::array_at(value, "bindings");
    container.essential = json::bool_at(value, "essential", /*otherwise=*/true);
    container.is_pause = json::bool_at(value, "isPause");
    if (!json::at(value, "exitCode").is_null())
        container.exit_code = json::integer_at(value, "exitCode");
    return container;
}

json::Object to_json(const TaskState& task) {
    json::Array containers;
    for (const auto& container : task.containers)
        containers.push_back(to_json(container));
    return {{"arn", task.arn},
            {"family", task.family},
            {"version", task.version},
            {"networkMode", task.network_mode},
            {"serviceName", task.service_name},
            {"desiredStatus", task.desired_status},
            {"knownStatus", task.known_status},
            {"reportedStatus", task.reported_status},
            {"metadataId", task.metadata_id},
            {"credentials", task.credentials},
            {"interface", task.interface},
            {"localPart", task.local_part},
            {"reason", task.reason},
            {"pullStartedAt", task.pull_started_at},
            {"stoppedAt", task.stopped_at},
            {"containers", std::move(containers)}};
}

TaskState task_from(const json::Value& value) {
    TaskState task;
    task.arn = json::string_at(value, "arn");
    task.family = json::string_at(value, "family");
    task.version = json::string_at(value, "version");
    task.network_mode = json::string_at(value, "networkMode");
    task.service_name = json::string_at(value, "serviceName");
    task.desired_status = json::string_at(value, "desiredStatus", "RUNNING");
    task.known_status = json::string_at(value, "knownStatus", "PENDING");
    task.reported_status = json::string_at(value, "reportedStatus");
    task.metadata_id = json::string_at(value, "metadataId");
    task.credentials = json::object_at(value, "credentials");
    task.interface = json::object_at(value, "interface");
    task.local_part = static_cast<int>(json::integer_at(value, "localPart"));
    task.reason = json::string_at(value, "reason");
    task.pull_started_at = json::number_at(value, "pullStartedAt");
    task.stopped_at = json::number_at(value, "stoppedAt");
    for (const auto& container : json::array_at(value, "containers"))
        task.containers.push_back(container_from(container));
    return task;
}

// The descriptor is of the file that has this name now.
bool is_file_of(const Path& file, const Fd& fd) {
    struct stat named {};

    struct stat held {};

    return ::stat(file.c_str(), &named) == 0 && ::fstat(fd.get(), &held) == 0
           && named.st_ino == held.st_ino && named.st_dev == held.st_dev;
}

} // namespace

Result<StateLock> StateLock::take(const Path& file) {
    while (true) {
        Fd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
        if (!fd) return fail(Errc::failed, "open {}: {}", file.string(), errno_text(errno));
        while (::flock(fd.get(), LOCK_EX) != 0) {
            if (errno != EINTR)
                return fail(Errc::failed, "flock {}: {}", file.string(), errno_text(errno));
        }
        // While we waited it may have been replaced.
        if (is_file_of(file, fd)) return StateLock(file, std::move(fd));
    }
}

void StateLock::follow() {
    if (is_file_of(file_, fd_)) return;
    Fd fd(::open(file_.c_str(), O_RDWR | O_CLOEXEC));
    if (fd && ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) fd_ = std::move(fd);
}

Result<std::optional<AgentState>> AgentState::load(const Path& file) {
    const auto text = read_file(file, file_max);
    if (!text && text.error().code == Errc::not_found) return std::optional<AgentState>();
    if (!text) return fail(text.error());
    if (text->empty()) return std::optional<AgentState>();
    const auto object = json::parse_object(*text);
    if (!object) return fail("the checkpoint " + file.string(), object.error());
    AgentState state;
    state.cluster = json::string_at(*object, "cluster-name");
    state.instance_arn = json::string_at(*object, "container-instance-arn");
    state.ec2_instance_id = json::string_at(*object, "ec2-instance-id");
    state.availability_zone = json::string_at(*object, "availability-zone");
    for (const auto& value : json::array_at(*object, "tasks")) {
        TaskState task = task_from(value);
        state.tasks[task.arn] = std::move(task);
    }
    return std::optional(std::move(state));
}

Result<void> AgentState::save(const Path& file) const {
    json::Array list;
    for (const auto& [arn, task] : tasks)
        list.push_back(to_json(task));
    const json::Object object{{"cluster-name", cluster},
                              {"container-instance-arn", instance_arn},
                              {"ec2-instance-id", ec2_instance_id},
                              {"availability-zone", availability_zone},
                              {"tasks", std::move(list)}};
    return write_file(file, json::text(object), 0600);
}

} // namespace squall::labhost
