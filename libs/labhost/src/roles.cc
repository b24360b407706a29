#include "squall/labhost/roles.h"

#include "agent/ecs_agent.h"
#include "agent/ecs_init.h"
#include "docker/load_images.h"
#include "host/host_main.h"
#include "host/sudo.h"
#include "init/roles.h"
#include "runtime/dockerd.h"
#include "runtime/exec.h"
#include "runtime/pause.h"
#include "runtime/setup.h"
#include "squall/base/log.h"
#include "ssm/ssm_agent.h"
#include "web/web.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>

namespace squall::labhost {
namespace {

struct Role {
    const char* name;
    int (*run)(const std::vector<std::string>& arguments);
    bool is_tool; // is found by its own name too
};

// Every role a host's processes can have.
const std::vector<Role> roles{
    {"host", host_main, false},
    {"ecs-agent", ecs_agent_main, false},
    {"amazon-ecs-init", ecs_init_main, true},
    {"ssm-agent", ssm_agent_main, false},
    {"dockerd", runtime::run_dockerd, false},
    {"docker-images", load_docker_images, false},
    {"container", runtime::run_container_setup, false},
    {"container-exec", runtime::run_container_exec, false},
    {"pause", runtime::run_pause, false},
    {"web", web::run_web, false},
    {"init", init::run_init, false},
    {"systemctl", init::run_systemctl, true},
    {"systemd-run", init::run_systemd_run, true},
    {"journalctl", init::run_journalctl, true},
    {"initctl", init::run_initctl, true},
    {"start", init::run_start, true},
    {"stop", init::run_stop, true},
    {"restart", init::run_restart, true},
    {"status", init::run_job_status, true},
    {"reboot", init::run_reboot, true},
    {"shutdown", init::run_shutdown, true},
    {"poweroff", init::run_poweroff, true},
    {"halt", init::run_poweroff, true},
    {"sudo", run_sudo, true},
};

const Role* find_role(const std::string& name) {
    const auto found = std::find_if(
        roles.begin(), roles.end(), [&](const Role& role) { return role.name == name; });
    return found == roles.end() ? nullptr : &*found;
}

} // namespace

bool is_tool_name(const std::string& program) {
    const Role* role = find_role(program);
    return role != nullptr && role->is_tool;
}

int run_role(const std::string& role, const std::vector<std::string>& arguments) {
    const Role* found = find_role(role);
    if (found == nullptr) {
        log::print("squall: a lab host has no role '{}'\n", role);
        return 64;
    }
    try {
        return found->run(arguments);
    } catch (const std::system_error& error) {
        // fmt::print throws where standard output cannot be written.
        log::print("{}: {}\n", role, error.what());
        return 1;
    }
}

} // namespace squall::labhost
