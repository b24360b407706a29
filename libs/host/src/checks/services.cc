// The ecs and docker services, as their init system sees them.
#include "checks/services.h"

#include "checks/agent_pid.h"
#include "checks/checks.h"
#include "checks/run_marks.h"
#include "checks/unit.h"
#include "squall/base/text.h"

#include <sys/stat.h>

#include <cerrno>

namespace squall::host {
namespace {

constexpr const char* reinstall = "`sudo yum reinstall -y ecs-init`, or on Debian and Ubuntu `sudo "
                                  "apt-get install --reinstall amazon-ecs-init`";
constexpr int terminal = 5; // what the agent ends with when starting it again cannot help

Evidence shown(const Unit& unit) { return evidence(unit.asked, unit.state_text()); }

bool is_docker_away(Facts& facts, Deadline deadline, std::vector<Evidence>& seen) {
    const auto docker = show_unit(facts, "docker", deadline);
    if (!docker || !docker->is_known() || docker->is_active()) return false;
    seen.push_back(shown(*docker));
    return true;
}

// In place of the catalogue's step that restarts it: what does not run is started.
Sign docker_down(const Facts& facts, std::string summary, std::vector<Evidence> seen) {
    auto found =
        sign("DOCKER_DOWN",
             Certainty::certain,
             std::move(summary),
             std::move(seen),
             {init_of(facts) == Init::upstart ? "sudo service docker start && sudo start ecs"
                                              : "sudo systemctl start docker ecs"});
    found.instead_of = 1;
    return found;
}

// systemd stops and starts the agent with docker, but does not start it again when somebody stops
// docker and starts it by hand.
bool ended_with_docker(Facts& facts, const Unit& ecs, Deadline deadline) {
    constexpr std::int64_t near_us = 30'000'000;
    const auto docker = show_unit(facts, "docker", deadline);
    if (!docker || !docker->is_active()) return false;
    const auto ended = ecs.number("InactiveEnterTimestampMonotonic");
    const auto docker_ended = docker->number("InactiveEnterTimestampMonotonic");
    return ended > 0 && docker_ended > 0 && std::abs(ended - docker_ended) < near_us;
}

Look stopped(Facts& facts, const Unit& unit, Deadline deadline) {
    std::vector<Evidence> seen{shown(unit)};
    if (const auto hold = hold_on_agent(facts)) {
        seen.push_back(evidence(hold->place, hold->run));
        return finding(sign(
            "AGENT_STOPPED",
            Certainty::certain,
            fmt::format("the agent was stopped by {}: it is started again then", text_of(*hold)),
            std::move(seen),
            {"squall abort " + hold->run}));
    }
    const bool was_active = unit.number("ActiveEnterTimestampMonotonic") > 0
                            || !unit.get("InactiveEnterTimestamp").empty();
    std::string summary = was_active
                              ? fmt::format("the ecs service was stopped ({}), and nothing "
                                            "starts it again",
                                            unit.state_text())
                              : "the ecs service has not been started since this host booted";
    if (ended_with_docker(facts, unit, deadline))
        summary += "; it ended together with docker, which runs again";
    const bool is_disabled = unit.get("UnitFileState") == "disabled";
    if (is_disabled) summary += "; it is disabled: it would not start at boot either";
    const bool is_upstart = init_of(facts) == Init::upstart;
    return finding(sign("AGENT_STOPPED",
                        Certainty::certain,
                        std::move(summary),
                        std::move(seen),
                        {is_upstart    ? "sudo start ecs"
                         : is_disabled ? "sudo systemctl enable --now --no-block ecs"
                                       : "sudo systemctl start ecs"}));
}

// The unit's start has to wait for cloud-init, which waits for the unit: its user data starts it
// without --no-block.
std::optional<Look> waiting_for_cloud_init(Facts& facts, const Unit& ecs, Deadline deadline) {
    const std::string job = ecs.get("Job");
    if (job.empty() || job == "0") return std::nullopt;
    const auto final = show_unit(facts, "cloud-final", deadline);
    const bool is_at_work = final && final->get("ActiveState") == "activating";
    if (!is_at_work) return std::nullopt;
    return finding(sign("CLOUD_INIT_DEADLOCK",
                        Certainty::certain,
                        "the start of the ecs service is queued behind cloud-init, which is still "
                        "at work: user data that waits for ecs waits for ever",
                        {shown(ecs), shown(*final)},
                        {"sudo systemctl enable --now --no-block ecs.service"}));
}

// What the unit is to run was removed, or may not be run; systemd's own words are 203/EXEC.
std::optional<Look> without_program(const Facts& facts, const Unit& unit) {
    const std::string program = unit.program();
    if (program.empty()) return std::nullopt;

    struct stat status {};

    const bool is_there = ::stat(facts.path(program).c_str(), &status) == 0;
    const bool is_hidden = !is_there && errno != ENOENT; // from whoever asks
    if (is_hidden || (is_there && (status.st_mode & 0111U) != 0)) return std::nullopt;
    return finding(program_is_missing(program, is_there, shown(unit)));
}

// No program of its own is there to be started. An agent that runs was started in another way.
Look without_unit(Facts& facts, const Unit& unit, Deadline deadline) {
    const std::string state = unit.get("LoadState");
    std::error_code ignored;
    const bool was_installed = std::filesystem::exists(facts.path("/etc/ecs"), ignored);
    if (!was_installed || find_agent(facts, deadline))
        return not_here(fmt::format("there is no ecs service on this host ({})",
                                    trimmed(unit.answer.substr(0, 200))));
    const bool is_masked = state == "masked";
    auto stopped = sign(
        "AGENT_STOPPED",
        is_masked ? Certainty::certain : Certainty::likely,
        is_masked ? "the ecs service is masked (a link to /dev/null): nothing can start it"
                  : fmt::format("there is no ecs service to start the agent (LoadState={})", state),
        {evidence(unit.asked, "LoadState=" + state)},
        {is_masked
             ? "sudo systemctl unmask ecs && sudo systemctl enable --now --no-block ecs"
             : fmt::format("{}; then `sudo systemctl daemon-reload && sudo systemctl enable "
                           "--now --no-block ecs`. Where the agent runs without a unit: `sudo "
                           "docker start ecs-agent`",
                           reinstall)});
    stopped.instead_of = Sign::all_steps;
    stopped.is_root = true;
    return finding(std::move(stopped));
}

Look failed(Facts& facts, const Unit& unit, Deadline deadline) {
    std::vector<Evidence> seen{shown(unit)};
    const auto status = unit.number("ExecMainStatus");
    const std::string result = unit.get("Result");
    if (status == terminal && result != "start-limit-hit")
        return finding(sign("AGENT_TERMINAL",
                            Certainty::certain,
                            "the agent gave up for good (exit code 5): it is not started again "
                            "until somebody does; /var/log/ecs/ecs-agent.log says why",
                            std::move(seen)));
    if (is_docker_away(facts, deadline, seen))
        return finding(
            docker_down(facts,
                        "the ecs service does not start without docker, which does not run",
                        std::move(seen)));
    return finding(
        sign("AGENT_CRASHLOOP",
             result == "start-limit-hit" ? Certainty::certain : Certainty::likely,
             fmt::format("the ecs service has failed ({}, exit status {})", result, status),
             std::move(seen),
             {"sudo systemctl reset-failed ecs", "sudo systemctl start ecs"}));
}

// What was before the agent itself ran has no exit status of it, and is not always counted.
std::string how_it_ends(const Unit& unit) {
    std::string text = "the ecs service does not stay up, and is started again and again";
    if (const auto count = unit.number("NRestarts"); count > 0)
        text += fmt::format(": {} restarts", count);
    if (const auto status = unit.number("ExecMainStatus"); status > 0)
        text += fmt::format("; the last exit status was {}", status);
    return text;
}

Look starting(Facts& facts, const Unit& unit, Deadline deadline) {
    std::vector<Evidence> seen{shown(unit)};
    if (is_docker_away(facts, deadline, seen))
        return finding(docker_down(
            facts, "the ecs service waits for docker, which does not run", std::move(seen)));
    if (unit.get("SubState") == "auto-restart")
        return finding(
            sign("AGENT_CRASHLOOP", Certainty::certain, how_it_ends(unit), std::move(seen)));
    return healthy(fmt::format("is on its way: {}", unit.state_text()));
}

Look running(const Facts& facts, const Unit& unit) {
    constexpr std::int64_t restarts_many = 3;
    constexpr double young_s = 120;
    const auto uptime = read_file(facts.path("/proc/uptime"), 256);
    const double now = uptime ? std::strtod(uptime->c_str(), nullptr) : 0;
    const double age =
        now - static_cast<double>(unit.number("ActiveEnterTimestampMonotonic")) / 1e6;
    if (unit.number("NRestarts") >= restarts_many && age < young_s)
        return finding(sign("AGENT_CRASHLOOP",
                            Certainty::likely,
                            fmt::format("the ecs service runs for {:.0f} s only, and was restarted "
                                        "{} times before",
                                        age,
                                        unit.number("NRestarts")),
                            {shown(unit)}));
    return healthy(unit.state_text());
}

} // namespace

Sign program_is_missing(const std::string& program, bool is_there, Evidence seen) {
    auto found = sign("AGENT_CRASHLOOP",
                      Certainty::certain,
                      fmt::format("the ecs service cannot start: its program {} {}",
                                  program,
                                  is_there ? "may not be executed" : "is not there"),
                      {std::move(seen)},
                      {is_there ? "sudo chmod 755 " + program : reinstall,
                       "sudo systemctl reset-failed ecs && sudo systemctl start --no-block ecs"});
    found.severity = doctor::Severity::terminal;
    found.is_root = true;
    found.instead_of = 1;
    return found;
}

Look check_ecs_service(Facts& facts, Deadline deadline) {
    auto unit = show_unit(facts, "ecs", deadline);
    // SUSE's name of it.
    if (unit && !unit->is_known()) {
        auto other = show_unit(facts, "amazon-ecs", deadline);
        if (other && other->is_known()) unit = std::move(other);
    }
    if (!unit) return could_not_look(unit.error().message, "systemctl status ecs");
    if (!unit->is_known()) return without_unit(facts, *unit, deadline);
    if (auto waiting = waiting_for_cloud_init(facts, *unit, deadline)) return *waiting;
    const std::string state = unit->get("ActiveState");
    if (state == "active") return running(facts, *unit);
    if (auto without = without_program(facts, *unit)) return *without;
    if (state == "failed") return failed(facts, *unit, deadline);
    if (state == "activating") return starting(facts, *unit, deadline);
    if (unit->get("Result") != "success" && !unit->get("Result").empty())
        return failed(facts, *unit, deadline);
    return stopped(facts, *unit, deadline);
}

Look check_docker_service(Facts& facts, Deadline deadline) {
    const auto unit = show_unit(facts, "docker", deadline);
    if (!unit) return could_not_look(unit.error().message, "systemctl status docker");
    if (!unit->is_known()) return not_here("there is no docker service on this host");
    if (unit->is_active()) return healthy(unit->state_text());
    const std::string state = unit->get("ActiveState");
    return finding(docker_down(facts,
                               fmt::format("docker does not {}: {}",
                                           state == "activating" ? "come up" : "run",
                                           unit->state_text()),
                               {shown(*unit)}));
}

} // namespace squall::host
