#include "squall/host/checkup.h"

#include "checks/checks.h"
#include "checks/firewall.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

namespace squall::host {
namespace {

constexpr std::string_view presence_check = "agent-installed";
constexpr Seconds presence_patience{2};

struct Check {
    std::string_view name;
    Look (*run)(Facts& facts, Deadline deadline);
    const char* how; // what a human can try where it did not answer
};

// In the order in which their looks are given: the host's own services first.
constexpr std::array checks{
    Check{presence_check, check_presence, "ls -d /etc/ecs /var/log/ecs"},
    Check{"ecs-service", check_ecs_service, "systemctl status ecs"},
    Check{"docker-service", check_docker_service, "systemctl status docker"},
    Check{"docker", check_docker, "curl --unix-socket /var/run/docker.sock http://d/_ping"},
    Check{"agent-container", check_agent_container, "docker inspect ecs-agent"},
    Check{"agent-process", check_agent_process, "ps -eo pid,stat,args | grep agent"},
    Check{"introspection", check_introspection, "curl http://localhost:51678/v1/metadata"},
    Check{"agent-version", check_agent_version, "curl http://localhost:51678/v1/metadata"},
    Check{"config", check_config, "cat /etc/ecs/ecs.config"},
    Check{"agent-state", check_agent_state, "strings /var/lib/ecs/data/agent.db"},
    Check{"imds",
          check_metadata,
          "curl -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "
          "http://169.254.169.254/latest/api/token"},
    Check{
        "role", check_role, "curl http://169.254.169.254/latest/meta-data/iam/info (with a token)"},
    Check{"permissions",
          check_permissions,
          "aws ecs discover-poll-endpoint --cluster {cluster} (with the role's keys)"},
    Check{"permission-poll",
          check_poll_permission,
          "aws iam simulate-principal-policy --policy-source-arn "
          "arn:aws:iam::{account}:role/{role} --action-names ecs:Poll"},
    Check{"permission-telemetry",
          check_telemetry_permission,
          "aws iam simulate-principal-policy --policy-source-arn "
          "arn:aws:iam::{account}:role/{role} --action-names "
          "ecs:StartTelemetrySession"},
    Check{"endpoint-api", check_api_endpoint, "curl -v https://ecs.{region}.amazonaws.com"},
    Check{"endpoint-acs", check_acs_endpoint, "curl -v https://ecs-a-1.{region}.amazonaws.com"},
    Check{"endpoint-tcs", check_tcs_endpoint, "curl -v https://ecs-t-1.{region}.amazonaws.com"},
    Check{"firewall", check_firewall, how_to_list_rules},
    Check{"routes", check_routes, "ip route"},
    Check{"clock", check_clock, "chronyc tracking"},
    Check{"memory", check_memory, "free -m"},
    Check{"load", check_load, "uptime"},
    Check{"disk", check_disk, "df -h; df -i"},
    Check{"descriptors", check_descriptors, "cat /proc/sys/fs/file-nr"},
    Check{"kernel", check_kernel, "dmesg | grep -i 'killed process'"},
    Check{"run-marks", check_run_marks, "ls -lR /var/run/squall"},
};

// Shared by the caller and the threads, any of which may be the last one to see it.
struct Desk {
    explicit Desk(const Ground& ground) : facts(ground) {}

    Facts facts;
    std::mutex mutex; // guards what follows
    std::condition_variable changed;
    std::array<std::optional<Look>, checks.size()> looks;
    std::size_t open = checks.size();

    void put(std::size_t number, Look look) {
        const std::lock_guard lock(mutex);
        look.check = checks.at(number).name;
        looks.at(number) = std::move(look);
        --open;
        changed.notify_all();
    }
};

Look look_of(const Check& check, Facts& facts, Deadline deadline) {
    try {
        return check.run(facts, deadline);
    } catch (const std::exception& error) {
        // Of other libraries, and of memory that is not there: one check is not worth the others.
        return could_not_look(error.what(), check.how);
    }
}

void run_check(Desk& desk, std::size_t number, Deadline deadline) {
    const auto begun = Steady::now();
    Look look = look_of(checks.at(number), desk.facts, deadline);
    look.took = std::chrono::duration_cast<Millis>(Steady::now() - begun);
    desk.put(number, std::move(look));
}

// In a thread of its own.
void start(const std::shared_ptr<Desk>& desk, std::size_t number, Deadline deadline) {
    try {
        std::thread([desk, number, deadline] { run_check(*desk, number, deadline); }).detach();
    } catch (const std::system_error& error) {
        desk->put(number,
                  could_not_look(fmt::format("no thread could be started: {}", error.what()),
                                 checks.at(number).how));
    }
}

// Some answered late, and some will never.
std::vector<Look> looks_on(Desk& desk, Millis waited) {
    std::vector<Look> looks;
    for (std::size_t number = 0; number < checks.size(); ++number) {
        auto& look = desk.looks.at(number);
        if (!look) {
            look = named(std::string(checks.at(number).name),
                         could_not_look(fmt::format("did not answer within {:.1f} s",
                                                    static_cast<double>(waited.count()) / 1000),
                                        checks.at(number).how));
            look->took = waited;
        }
        looks.push_back(std::move(*look));
    }
    return looks;
}

} // namespace

std::vector<Look> check_up(const Ground& ground, Deadline deadline) {
    // shared_ptr: a thread that hangs outlives this call.
    const auto desk = std::make_shared<Desk>(ground);
    const auto begun = Steady::now();
    const Millis allowed = deadline.left();
    // Checks that end by themselves say better why: they have a little less time.
    const Deadline inner =
        deadline.is_never()
            ? deadline
            : Deadline::at(deadline.when() - std::min<Millis>(Seconds(1), allowed / 4));
    try {
        std::thread([desk] { desk->facts.read_config(); }).detach();
    } catch (const std::system_error&) {
        // The checks say that the configuration was not read in time, and those below why.
    }
    // Where no agent is, nothing else is worth asking; files tell at once where one is.
    start(desk, 0, inner);
    std::unique_lock lock(desk->mutex);
    const Deadline patience = deadline.sooner(Deadline::in(presence_patience));
    desk->changed.wait_until(
        lock, patience.when(), [&] { return desk->looks.front().has_value(); });
    if (desk->looks.front() && is_without_agent(*desk->looks.front()))
        return {std::move(*desk->looks.front())};
    lock.unlock();
    for (std::size_t number = 1; number < checks.size(); ++number)
        start(desk, number, inner);
    lock.lock();
    const auto is_over = [&] {
        return desk->open == 0;
    };
    if (deadline.is_never())
        desk->changed.wait(lock, is_over);
    else
        desk->changed.wait_until(lock, deadline.when(), is_over);
    const auto waited = std::chrono::duration_cast<Millis>(Steady::now() - begun);
    return looks_on(*desk, waited);
}

bool is_without_agent(const Look& look) {
    return look.check == presence_check && look.state == Look::State::not_here;
}

} // namespace squall::host
