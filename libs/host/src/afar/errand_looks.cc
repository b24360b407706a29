#include "afar/errand_parts.h"
#include "checks/disk.h"
#include "checks/services.h"
#include "checks/supervisor.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

#include <algorithm>
#include <set>

namespace squall::host {
namespace {

constexpr Seconds skew_max{300};
constexpr int full_percent = 98;

// By the host's clock, when it looked.
std::optional<WallTime> host_time(const ErrandReport& report) {
    constexpr std::int64_t max = 9'000'000'000; // in 2255: a clock here knows no much later one
    const auto now = to_integer(get(pairs(report.fact("clock"), '\n'), "now"));
    if (!now || *now < 0 || *now > max) return std::nullopt;
    return WallTime(Seconds(*now));
}

// Which run of squall's has stopped the agent; empty: none.
std::string run_that_holds(const ErrandReport& report) {
    for (const std::string& line : split(report.fact("holds"), '\n')) {
        const auto values = pairs(line);
        if (get(values, "fault") == "ecs-agent-stop") return get(values, "run");
    }
    return {};
}

// Upstart and old systemd do not count, and an agent that never ran has no result.
std::string how_it_fails(const std::string& state, const Pairs& values) {
    std::string text = "ecs.service is " + state;
    if (const auto result = get(values, "Result"); !result.empty() && result != "success")
        text += fmt::format(" ({})", result);
    if (const int count = number(values, "NRestarts"); count > 0)
        text += fmt::format(", restarted {} times", count);
    return text;
}

// Of `systemctl show`, which gives one for each unit; empty where there is none.
std::string_view block_of(const ErrandReport& report, const std::string& unit) {
    const std::string_view text = report.fact("services");
    const auto at = text.find(fmt::format("Id={}.service", unit));
    if (at == std::string_view::npos) return {};
    // systemd gives the properties in an order of its own: some stand before the name.
    const auto before = text.rfind("\n\n", at);
    const auto begin = before == std::string_view::npos ? 0 : before + 2;
    return text.substr(begin, text.find("\n\n", at) - begin);
}

Look look_at_service(const ErrandReport& report,
                     const std::string& unit,
                     const std::string& cause) {
    const std::string asked = "systemctl show " + unit;
    const std::string_view block = block_of(report, unit);
    if (block.empty()) return could_not_look(asked + " said nothing", "systemctl status " + unit);
    const auto values = pairs(block, '\n');
    const std::string state = get(values, "ActiveState");
    const std::string status = get(values, "ExecMainStatus");
    if (get(values, "LoadState") == "not-found") return not_here(unit + " is no unit here");
    if (state == "active") return healthy(unit + " is active");
    std::vector<Evidence> seen{evidence(asked, replace_all(std::string(block), "\n", " "))};
    if (cause == "DOCKER_DOWN")
        return finding(sign(cause,
                            Certainty::certain,
                            fmt::format("docker.service is {}", state),
                            std::move(seen)));
    for (const bool is_there : {false, true}) {
        const auto program = get(values, is_there ? "program_closed" : "program_missing");
        if (!program.empty())
            return finding(program_is_missing(program, is_there, std::move(seen.front())));
    }
    if (status == "5")
        return finding(sign("AGENT_TERMINAL",
                            Certainty::certain,
                            "the agent ended with code 5 and is not started again",
                            std::move(seen)));
    if (state == "activating" || state == "failed") {
        auto failing = sign(
            "AGENT_CRASHLOOP", Certainty::certain, how_it_fails(state, values), std::move(seen));
        // systemd has given up: nothing tries again.
        if (state == "failed") failing.severity = doctor::Severity::terminal;
        return finding(std::move(failing));
    }
    const std::string since = get(values, "InactiveEnterTimestamp");
    if (const std::string run = run_that_holds(report); !run.empty()) {
        auto stopped = sign("AGENT_STOPPED",
                            Certainty::certain,
                            fmt::format("the agent was stopped by squall run {} (ecs-agent-stop): "
                                        "it is started again when that ends",
                                        run),
                            std::move(seen),
                            {"squall abort " + run});
        stopped.severity = doctor::Severity::heals;
        return finding(std::move(stopped));
    }
    return finding(sign("AGENT_STOPPED",
                        Certainty::certain,
                        fmt::format("ecs.service is {}{}: it was stopped, and nothing starts it",
                                    state,
                                    since.empty() ? "" : " since " + since),
                        std::move(seen)));
}

Look look_at_docker(const ErrandReport& report) {
    const auto values = pairs(report.fact("docker"));
    std::vector<Evidence> seen{evidence("/var/run/docker.sock GET /_ping", report.fact("docker"))};
    if (get(values, "socket") == "none")
        return finding(sign("DOCKER_DOWN",
                            Certainty::certain,
                            "there is no socket of the Docker daemon",
                            std::move(seen)));
    const int code = number(values, "exit");
    if (code == 0 && get(values, "http") == "200")
        return healthy(fmt::format("Docker answers in {} s", get(values, "seconds")));
    if (code == curl_no_connection)
        return finding(sign("DOCKER_DOWN",
                            Certainty::certain,
                            "nobody listens on the Docker daemon's socket",
                            std::move(seen)));
    if (code == curl_timeout || code == 124 || code == 137)
        return finding(sign("DOCKER_UNRESPONSIVE",
                            Certainty::certain,
                            "the Docker daemon did not answer within 8 s",
                            std::move(seen)));
    return could_not_look("asking the Docker daemon gave: " + std::string(report.fact("docker")),
                          "docker info");
}

Look no_agent(const ErrandReport& report, const std::string& ended) {
    const auto unit = pairs(block_of(report, "ecs"), '\n');
    const std::string state = get(unit, "main_state");
    const auto pid = to_integer(get(unit, "MainPID"));
    if (pid && state.size() == 1 && is_stopped(state.front()))
        return finding(stopped_supervisor(
            *pid,
            get(unit, "main_name"),
            evidence(fmt::format("/proc/{}/status", *pid),
                     fmt::format("state {}; systemctl show ecs says MainPID={}", state, *pid))));
    if (to_integer(ended) && get(unit, "ActiveState") == "active")
        return finding(sign("AGENT_CRASHLOOP",
                            Certainty::likely,
                            fmt::format("the ecs service is active, and process {}, its agent, has "
                                        "ended",
                                        ended),
                            {evidence(fmt::format("/proc/{}/status", ended), "state Z")},
                            {"tail -n 20 /var/log/ecs/ecs-init.log"}));
    return could_not_look("no process of the agent was found", "docker ps -a -f name=ecs-agent");
}

Look look_at_agent(const ErrandReport& report) {
    const auto values = pairs(report.fact("agent"), '\n');
    if (get(values, "agent") == "none" || get(values, "agent").empty())
        return no_agent(report, get(values, "ended"));
    std::vector<Evidence> seen{evidence("/proc/" + get(values, "agent"),
                                        replace_all(std::string(report.fact("agent")), "\n", " "))};
    if (get(values, "state") == "T") {
        auto stopped = sign("AGENT_HUNG",
                            Certainty::certain,
                            "the agent's process is stopped by a signal (state T)",
                            std::move(seen),
                            {"sudo kill -CONT " + get(values, "agent")});
        stopped.is_root = true;
        stopped.instead_of = 1;
        return finding(std::move(stopped));
    }
    const auto open = number(values, "open_files");
    const auto most = number(values, "open_files_max");
    if (open > 0 && most > 0 && open >= most - 2)
        return finding(sign("FD_EXHAUSTION",
                            Certainty::certain,
                            fmt::format("the agent has {} of {} file descriptors open", open, most),
                            std::move(seen)));
    return healthy(fmt::format("the agent runs, with {} open files of {}", open, most));
}

// Whose settings cannot be read may have its region from elsewhere.
bool lacks_region(const ErrandReport& report) {
    return !report.config.empty()
           && report.fact("introspection").find("\"Cluster\"") == std::string_view::npos
           && get(pairs(report.fact("endpoint/api")), "region").empty();
}

Look look_at_metadata(const ErrandReport& report) {
    const std::string_view text = report.fact("metadata");
    const auto values = pairs(text.substr(0, text.find('\n')));
    const auto lines = pairs(text, '\n');
    std::vector<Evidence> seen{evidence("http://169.254.169.254 (IMDSv2)", text)};
    if (report.config.find("ECS_EXTERNAL=true") != std::string::npos)
        return not_here("ECS Anywhere has no instance metadata");
    if (get(values, "put_exit").empty() || number(values, "put_exit") == no_program)
        return could_not_look("the host did not say what its metadata answers, or there is no curl",
                              "curl -sv -X PUT http://169.254.169.254/latest/api/token "
                              "-H 'X-aws-ec2-metadata-token-ttl-seconds: 60'");
    if (number(values, "put_exit") != 0 || get(values, "put_http") != "200") {
        const bool has_none = lacks_region(report);
        Sign unreached = sign(has_none ? "REGION_MISSING" : "IMDS_UNREACHABLE",
                              Certainty::certain,
                              fmt::format("{}instance metadata gives no token (curl {}, HTTP {})",
                                          has_none ? "AWS_DEFAULT_REGION is not set, and " : "",
                                          get(values, "put_exit"),
                                          get(values, "put_http")),
                              std::move(seen));
        tell_rules(firewall_rules(report, unanswered_metadata(report)), unreached);
        return finding(std::move(unreached));
    }
    if (get(lines, "role") == "none")
        return finding(sign("IAM_NO_CREDS",
                            Certainty::certain,
                            "this instance has no role: no instance profile is attached",
                            std::move(seen)));
    const auto code = get(lines, "code");
    const auto expiration = parse_time(get(lines, "expiration"));
    const auto now = host_time(report);
    if ((!code.empty() && code != "Success") || (expiration && now && *expiration < *now))
        return finding(sign("IAM_EXPIRED",
                            Certainty::certain,
                            fmt::format("the role's keys are no good: {}, until {}",
                                        code,
                                        get(lines, "expiration")),
                            std::move(seen)));
    return healthy("instance metadata answers, and gives a role's keys");
}

Look with_role(Look look, const ErrandReport& report) {
    const std::string role = get(pairs(report.fact("metadata"), '\n'), "role");
    if (role != "none") look.names.role = role;
    return look;
}

// "Sun, 22 Nov 2026 19:03:35 GMT"
std::optional<WallTime> http_date(std::string_view text) {
    const auto words = split(text, ' ');
    constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    if (words.size() < 5) return std::nullopt;
    const auto month = months.find(words[2]);
    if (month == std::string_view::npos) return std::nullopt;
    const auto when =
        parse_time(fmt::format("{}-{:02}-{}T{}Z", words[3], month / 3 + 1, words[1], words[4]));
    return when ? std::optional(*when) : std::nullopt;
}

Look look_at_clock(const ErrandReport& report) {
    const auto values = pairs(report.fact("clock"), '\n');
    const auto host = host_time(report);
    const auto theirs = http_date(get(values, "date"));
    if (!host || !theirs)
        return could_not_look("no answer of AWS's had a date to compare the clock with",
                              "chronyc tracking");
    const auto skew = std::chrono::duration_cast<Seconds>(*host - *theirs).count();
    const std::string whose = get(values, "of") == "metadata" ? "that of the instance metadata"
                                                              : "that of ECS's endpoint";
    if (std::abs(skew) < skew_max.count())
        return healthy(fmt::format("the clock is {} s from {}", skew, whose));
    return finding(sign("CLOCK_SKEW",
                        Certainty::certain,
                        fmt::format("the host's clock is {} s {} {}",
                                    std::abs(skew),
                                    skew > 0 ? "ahead of" : "behind",
                                    whose),
                        {evidence("Date of an answer", report.fact("clock"))}));
}

Look look_at_disk(const ErrandReport& report) {
    std::vector<Evidence> full;
    std::set<std::string> told;
    std::vector<std::string> places;
    std::vector<Sign> signs;
    constexpr std::string_view read_only = "read_only=";
    for (const std::string& line : split(report.fact("disk"), '\n')) {
        if (line.starts_with(read_only)) {
            const auto [place, mount] =
                split_once(std::string_view(line).substr(read_only.size()), ' ');
            signs.push_back(read_only_disk(std::string(place),
                                           std::string(mount.empty() ? place : mount),
                                           "/proc/self/mounts"));
            continue;
        }
        const auto percent = line.find("% ");
        if (percent == std::string::npos) continue;
        const auto begin = line.find_last_of(' ', percent) + 1;
        const auto used = to_integer(line.substr(begin, percent - begin));
        if (!used || *used < full_percent) continue;
        // Several places may be on one.
        if (!told.insert(line).second) continue;
        full.push_back(evidence("df", line));
        const std::string place(trimmed(line.substr(percent + 2)));
        if (std::find(places.begin(), places.end(), place) == places.end()) places.push_back(place);
    }
    if (full.empty())
        return finding_or_healthy(
            std::move(signs), "no filesystem is full, and those that are needed may be written");
    std::vector<std::string> steps;
    steps.reserve(places.size());
    for (const std::string& place : places)
        steps.push_back(what_fills(place));
    signs.push_back(disk_full(Certainty::certain,
                              fmt::format("{} is full, or out of inodes", join(places, ", ")),
                              std::move(full),
                              std::move(steps)));
    return finding_or_healthy(std::move(signs), {});
}

} // namespace

std::vector<doctor::Look> looks_of(const ErrandReport& report) {
    std::vector<doctor::Look> looks{
        named("ecs-service", look_at_service(report, "ecs", "AGENT_STOPPED")),
        named("docker-service", look_at_service(report, "docker", "DOCKER_DOWN")),
        named("docker", look_at_docker(report)),
        named("agent-process", look_at_agent(report)),
        named("agent-state", look_at_state(report)),
        named("imds", with_role(look_at_metadata(report), report)),
        named("endpoint-api", look_at_endpoint(report, {"api", "NET_API_TIMEOUT"})),
        named("endpoint-acs", look_at_endpoint(report, {"acs", "NET_ACS_BLOCKED"})),
        named("endpoint-tcs", look_at_endpoint(report, {"tcs", "NET_TCS_ONLY"})),
        named("firewall", look_at_firewall(report)),
        named("clock", look_at_clock(report)),
        named("disk", look_at_disk(report)),
    };
    return looks;
}

} // namespace squall::host
