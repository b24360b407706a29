#include "breaks/scripts.h"

#include "squall/base/text.h"

namespace squall::lab::breaks {
namespace {

constexpr std::string_view data_folder = "/var/lib/ecs/data";
// Where the agent keeps what it knows between two starts.
constexpr std::string_view state_file = "/var/lib/ecs/data/agent.db";

// put LINE: in the place of the setting's line, at the end where there is none; an empty one takes
// it away. The file stays the same file.
constexpr std::string_view put_function = R"(put() {
    if ! grep -q "^$name=" "$file"; then
        if [ -n "$1" ]; then printf '%s\n' "$1" >>"$file"; fi
        return 0
    fi
    lines=$(while IFS= read -r line; do
        case $line in
        "$name="*) if [ -n "$1" ]; then printf '%s\n' "$1"; fi ;;
        *) printf '%s\n' "$line" ;;
        esac
    done <"$file")
    printf '%s\n' "$lines" >"$file"
}
)";

std::string setting_script(std::string_view name, std::string_view file) {
    return fmt::format(
        "set -e\nname={}\nfile={}\n{}", shell_quoted(name), shell_quoted(file), put_function);
}

std::string drop_in_folder(std::string_view unit) {
    return fmt::format("/etc/systemd/system/{}.service.d", unit);
}

} // namespace

std::string change_setting(std::string_view name, std::string_view value, std::string_view file) {
    return fmt::format("{}grep -m 1 \"^$name=\" \"$file\" || true\nput {}\n",
                       setting_script(name, file),
                       shell_quoted(fmt::format("{}={}", name, value)));
}

std::string restore_setting(std::string_view name, std::string_view line, std::string_view file) {
    return fmt::format("{}put {}\n", setting_script(name, file), shell_quoted(line));
}

std::string print_saved_state() {
    return fmt::format("if [ -e {0} ]; then base64 -w 0 {0}; fi\n", state_file);
}

std::string put_saved_state(std::string_view base64) {
    if (base64.empty()) return {};
    return fmt::format("umask 077\nprintf %s {} | base64 -d >{}\n", base64, state_file);
}

std::string remove_saved_state() { return fmt::format("rm -f {}\n", state_file); }

std::string rename_saved_instance(std::string_view instance_id) {
    // In its place, since all ids have one length: a disk may be full, and somebody may have the
    // file's lock. It is one line, which is read before it is written.
    return fmt::format("sed 's/\"ec2-instance-id\":\"[^\"]*\"/\"ec2-instance-id\":\"{0}\"/' {1} | "
                       "dd of={1} conv=notrunc,nocreat 2>/dev/null\n",
                       instance_id,
                       state_file);
}

std::string remove_task_containers() {
    return fmt::format("ask() {{ curl -s -m 30 --unix-socket /var/run/docker.sock \"$@\"; }}\n"
                       "filter='%7B%22label%22%3A%5B%22com.amazonaws.ecs.task-arn%22%5D%7D'\n"
                       "for id in $(ask \"http://docker/containers/json?all=1&filters=$filter\" |\n"
                       "    grep -o '\"Id\":\"[0-9a-f]*\"' | cut -d '\"' -f 4); do\n"
                       "    ask -o /dev/null -X DELETE \"http://docker/containers/$id?force=1\"\n"
                       "done\n"
                       "rm -rf {}/metadata/*\n",
                       data_folder);
}

std::string write_drop_in(std::string_view unit, std::string_view name, std::string_view text) {
    const std::string folder = drop_in_folder(unit);
    return fmt::format("set -e\nmkdir -p {0}\nprintf %s {2} >{0}/{1}\nsystemctl daemon-reload\n",
                       folder,
                       name,
                       shell_quoted(text));
}

std::string remove_drop_in(std::string_view unit, std::string_view name) {
    const std::string folder = drop_in_folder(unit);
    return fmt::format("rm -f {0}/{1}\nif [ -d {0} ]; then rmdir --ignore-fail-on-non-empty {0}; "
                       "fi\nsystemctl daemon-reload\n",
                       folder,
                       name);
}

std::string count_mounts(std::string_view path) {
    return fmt::format("grep -c ' {} ' /proc/self/mounts || true\n", path);
}

std::string unmount_until(std::string_view path, std::string_view count) {
    return fmt::format(
        "while [ \"$(grep -c ' {0} ' /proc/self/mounts)\" -gt {1} ]; do umount -n {0} "
        "|| exit 1; done\n",
        path,
        count.empty() ? std::string_view("0") : count);
}

// -w: somebody else may be at the table, as on a real host.
std::string add_rule(std::string_view rule) { return fmt::format("iptables -w 5 -A {}\n", rule); }

std::string remove_rule(std::string_view rule) {
    return fmt::format("while iptables -w 5 -C {0} 2>/dev/null; do\n"
                       "    iptables -w 5 -D {0} || exit 1\ndone\n",
                       rule);
}

Step end_connections() {
    return InCloud{[](Site& site) {
        site.cloud.home().ecs.expire_connections(site.instance_id, Wall::now());
        return Result<void>();
    }};
}

Step forget_other_registrations() {
    return InCloud{[](Site& site) {
        forget_registrations(site, json::string_at(site.before, container_instance_member));
        return Result<void>();
    }};
}

Step switch_metadata(bool is_on) {
    return InCloud{[is_on](Site& site) -> Result<void> {
        if (site.ec2() != nullptr) site.ec2()->has_metadata = is_on;
        return {};
    }};
}

Step script(std::string text, std::string kept_as) {
    return OnHost{std::move(text), std::move(kept_as)};
}

} // namespace squall::lab::breaks
