#include "collect/sources.h"

#include "collect/open_files.h"
#include "squall/base/json.h"
#include "squall/base/text.h"
#include "squall/doctor/redact.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace squall::doctor {
namespace {

using Argv = std::vector<std::string>;

constexpr Seconds docker_limit{20};
constexpr Seconds stats_limit{30};
constexpr Seconds inspect_limit{10};
constexpr Seconds other_limit{15};
constexpr Seconds journal_limit{30};
constexpr std::size_t containers_max = 100;

struct Question {
    Argv argv;
    Seconds limit = other_limit;
};

Item answer_of(const std::string& name,
               const Question& question,
               const Ground& ground,
               Deadline deadline,
               const std::stop_token& stop) {
    Item item{name};
    const SteadyTime begin = Steady::now();
    const auto finished = ground.run(
        {question.argv, {}, {}, {}}, Deadline::in(question.limit).sooner(deadline), stop);
    item.took = std::chrono::duration_cast<Millis>(Steady::now() - begin);
    if (!finished) {
        item.problem = redacted(finished.error().message);
        return item;
    }
    item.text = redacted(finished->output);
    if (!finished->errors.empty()) item.text += redacted(finished->errors);
    if (finished->exit_code != 0)
        item.problem =
            redacted(fmt::format("{} ended with {}", question.argv.front(), finished->exit_code));
    return item;
}

// A file, and the command whose answer it holds; or several, with a ';' between them.
struct Asked {
    std::string_view name;
    std::string_view commands;
    Seconds limit = other_limit;
};

constexpr std::array<Asked, 29> asked{{
    // What may take longest begins first.
    {"docker/docker-stats.txt", "docker stats --all --no-trunc --no-stream", stats_limit},
    {"docker/docker-info.txt", "docker info", docker_limit},
    {"docker/docker-ps.txt", "docker ps --all --no-trunc", docker_limit},
    {"docker/docker-images.txt", "docker images", docker_limit},
    {"docker/docker-version.txt", "docker version", docker_limit},
    {"system.log", "journalctl --no-pager --lines 20000", journal_limit},
    {"docker_log/docker", "journalctl --no-pager --unit docker --lines 20000", journal_limit},
    {"containerd.log", "journalctl --no-pager --unit containerd --lines 20000", journal_limit},
    {"squall/journal-ecs.log", "journalctl --no-pager --unit ecs --lines 20000", journal_limit},
    {"kernel/dmesg.current", "dmesg"},
    {"kernel/dmesg.human.current", "dmesg --ctime"},
    {"mounts.txt", "mount;df -h;df -i"},
    {"services.txt", "systemctl list-units --all --no-pager"},
    {"squall/services.txt",
     "systemctl show docker ecs containerd amazon-ssm-agent --property "
     "Id,LoadState,ActiveState,SubState,Result,ExecMainStatus,ExecMainCode,NRestarts,"
     "ActiveEnterTimestamp,InactiveEnterTimestamp"},
    {"squall/failed-services.txt", "systemctl --failed --no-pager"},
    {"docker/docker.service.txt", "systemctl cat docker"},
    {"squall/ecs.service.txt", "systemctl cat ecs"},
    // At its first start it makes a folder for its settings, if there is a home for that.
    {"top.txt", "env HOME=/nonexistent XDG_CONFIG_HOME=/nonexistent top -b -n 1"},
    {"ps.txt", "ps fauxwww"},
    {"netstat.txt", "ss -tunap"},
    {"ipaddrshow.txt", "ip addr show;ip route show table all"},
    {"iptables-filter.txt", "iptables -nvL -t filter"},
    {"iptables-nat.txt", "iptables -nvL -t nat"},
    {"squall/memory.txt", "free -b;uptime"},
    {"squall/clock.txt", "timedatectl --no-pager;chronyc -n tracking"},
    {"selinux.txt", "getenforce"},
    {"lsmod.txt", "lsmod"},
    {"uname.txt", "uname -a"},
    {"pkglist.txt", "rpm -qa;dpkg-query --show"},
}};

Source source_of(const Asked& file, Seconds docker_max) {
    const Seconds limit =
        file.commands.starts_with("docker ") ? std::min(file.limit, docker_max) : file.limit;
    return [&file, limit](const Ground& ground, Deadline deadline, const std::stop_token& stop) {
        const std::string name(file.name);
        const auto commands = split(file.commands, ';');
        Item all{name};
        for (const std::string& command : commands) {
            const Item item = answer_of(name, {split(command, ' '), limit}, ground, deadline, stop);
            all.text += commands.size() > 1 ? "$ " + command + "\n" + item.text + "\n" : item.text;
            all.took += item.took;
            if (!item.problem.empty())
                all.problem += (all.problem.empty() ? "" : "; ") + item.problem;
        }
        return std::vector{std::move(all)};
    };
}

bool is_container_id(std::string_view word) {
    return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    });
}

// What each container is. A Docker that does not answer is asked no more: every question would cost
// its whole limit.
std::vector<Item> containers(const Ground& ground,
                             Seconds docker_max,
                             Deadline deadline,
                             const std::stop_token& stop) {
    std::vector<Item> items;
    Item list =
        answer_of("docker/container-list.txt",
                  {{"docker", "ps", "--all", "--quiet"}, std::min(docker_limit, docker_max)},
                  ground,
                  deadline,
                  stop);
    if (!list.problem.empty()) {
        list.name = "docker/docker-not-running.txt";
        list.text += list.text.empty() ? list.problem + "\n" : "";
        return {std::move(list)};
    }
    std::vector<std::string> ids{"ecs-agent"};
    for (const std::string& id : split(list.text, '\n'))
        if (is_container_id(id) && ids.size() < containers_max) ids.push_back(id);
    for (const std::string& id : ids) {
        const SteadyTime begin = Steady::now();
        const auto finished =
            ground.run({{"docker", "inspect", id}, {}, {}, {}},
                       Deadline::in(std::min(inspect_limit, docker_max)).sooner(deadline),
                       stop);
        Item item{"docker/container-" + id + ".txt"};
        item.took = std::chrono::duration_cast<Millis>(Steady::now() - begin);
        if (!finished) {
            item.name = "docker/container-inspect-timed-out.txt";
            item.text = item.problem = redacted(finished.error().message);
            items.push_back(std::move(item));
            break;
        }
        // There may be no agent's container, and others go while they are asked about.
        if (finished->exit_code != 0 && id != "ecs-agent") continue;
        if (finished->exit_code != 0)
            item.problem = redacted(finished->errors);
        else
            item.text = redacted_inspection(finished->output);
        items.push_back(std::move(item));
    }
    return items;
}

std::vector<Item> agent(const Ground& ground, Deadline deadline, const std::stop_token& stop) {
    Item tasks = answer_of("ecs-agent/agent-running-info.txt",
                           {{"curl",
                             "--silent",
                             "--show-error",
                             "--max-time",
                             "5",
                             "http://localhost:51678/v1/tasks"}},
                           ground,
                           deadline,
                           stop);
    Item metadata = answer_of("squall/agent-metadata.txt",
                              {{"curl",
                                "--silent",
                                "--show-error",
                                "--max-time",
                                "5",
                                "http://localhost:51678/v1/metadata"}},
                              ground,
                              deadline,
                              stop);
    std::vector<Item> items{std::move(tasks), std::move(metadata)};
    // As AWS's collector tells it: is there a process?
    const auto process = ground.run({{"pgrep", "-x", "agent|amazon-ecs-agen"}, {}, {}, {}},
                                    Deadline::in(other_limit).sooner(deadline),
                                    stop);
    if (process && process->exit_code == 1)
        items.push_back({"ecs-agent/ecs-agent-not-running.txt",
                         "The Amazon ECS Container Agent is not running\n"});
    return items;
}

std::vector<Item>
open_files(const Ground& ground, Deadline deadline, const std::stop_token& /*stop*/) {
    const SteadyTime begin = Steady::now();
    const auto all = open_files_of(ground.root, deadline);
    const auto took = std::chrono::duration_cast<Millis>(Steady::now() - begin);
    return {{"open-file-counts.txt", collector_counts(all), took},
            {"squall/open-files.txt", named_counts(all), took}};
}

// In a task definition and in docker inspect's answer: a list of NAME=value.
void redact_environment(json::Value& value) {
    if (!value.is_object()) return;
    for (auto& member : value.get_object()) {
        if (member.key() == "Env" && member.value().is_array()) {
            for (json::Value& setting : member.value().get_array())
                if (setting.is_string()) setting = redacted_settings(json::string_of(setting));
        } else {
            redact_environment(member.value());
        }
    }
}

} // namespace

std::string redacted_inspection(std::string_view text) {
    auto value = json::parse(text);
    if (!value || !value->is_array()) return redacted(text);
    for (json::Value& each : value->get_array())
        redact_environment(each);
    return redacted(json::indented_text(*value)) + "\n";
}

std::vector<Source> all_sources(Seconds docker_max) {
    std::vector<Source> sources{
        [docker_max](const Ground& ground, Deadline deadline, const std::stop_token& stop) {
            return containers(ground, docker_max, deadline, stop);
        }};
    for (const Asked& file : asked)
        sources.push_back(source_of(file, docker_max));
    sources.emplace_back(agent);
    sources.emplace_back(open_files);
    return sources;
}

} // namespace squall::doctor
