// The Docker Engine, asked as the agent asks it, and the agent's own container.
#include "checks/checks.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

namespace squall::host {
namespace {

constexpr int ok = 200;
constexpr int not_found = 404;

std::string asked(const DockerView& view, const char* target) {
    return fmt::format("{} GET {}", view.socket.string(), target);
}

std::string hint(const DockerView& view) {
    return fmt::format("curl -m 10 --unix-socket {} http://docker/_ping", view.socket.string());
}

Look no_docker(const DockerView& view) {
    const std::string socket = view.socket.string();
    std::vector<Evidence> seen{evidence(asked(view, "/_ping"), outcome_text(view.ping))};
    switch (view.ping.trouble) {
    case Trouble::missing:
        return finding(sign("DOCKER_DOWN",
                            Certainty::certain,
                            fmt::format("Docker's socket {} is not there", socket),
                            std::move(seen)));
    case Trouble::refused:
        return finding(sign("DOCKER_DOWN",
                            Certainty::certain,
                            fmt::format("nobody listens at Docker's socket {}", socket),
                            std::move(seen)));
    case Trouble::timed_out:
        seen.push_back(evidence(asked(view, "/_ping"), outcome_text(view.patient)));
        return finding(sign("DOCKER_UNRESPONSIVE",
                            Certainty::certain,
                            "the Docker daemon accepts connections and does not answer",
                            std::move(seen),
                            {"sudo systemctl restart docker"}));
    case Trouble::forbidden:
        return could_not_look(fmt::format("{} may not be opened: are you root?", socket),
                              "sudo " + hint(view));
    default:
        return finding(sign("DOCKER_UNRESPONSIVE",
                            Certainty::likely,
                            "the Docker daemon ends connections without an answer",
                            std::move(seen)));
    }
}

std::pair<int, int> version_pair(std::string_view text) {
    const auto [major, minor] = split_once(text, '.');
    return {static_cast<int>(to_integer(major).value_or(0)),
            static_cast<int>(to_integer(split_once(minor, '.').first).value_or(0))};
}

// The agent tries API 1.17 to 1.44; before 1.81 it ends where Docker has dropped the older ones,
// as Docker 25 has.
std::optional<Sign>
incompatible(const DockerView& view, const json::Object& version, const std::string& agent) {
    constexpr std::pair oldest_of_agent{1, 17};
    constexpr std::pair dropped_by_25{1, 24};
    const std::string newest(json::string_at(version, "ApiVersion"));
    const std::string oldest(json::string_at(version, "MinAPIVersion"));
    const auto seen = [&] {
        return std::vector{
            evidence(asked(view, "/version"),
                     fmt::format("ApiVersion {}, MinAPIVersion {}", newest, oldest))};
    };
    if (!newest.empty() && version_pair(newest) < oldest_of_agent)
        return sign("DOCKER_API_INCOMPAT",
                    Certainty::certain,
                    fmt::format("Docker speaks API {}, and the agent needs 1.17 or newer", newest),
                    seen(),
                    {"sudo yum update docker"});
    if (!agent.empty() && version_pair(agent) < std::pair{1, 81}
        && version_pair(oldest) >= dropped_by_25)
        return sign("DOCKER_API_INCOMPAT",
                    Certainty::likely,
                    fmt::format("agent {} does not work with this Docker, which takes API {} and "
                                "newer only (agents from 1.81 on do)",
                                agent,
                                oldest),
                    seen(),
                    {"sudo yum update ecs-init"});
    return std::nullopt;
}

std::string meaning_of(std::int64_t code) {
    switch (code) {
    case 0:
        return "a clean stop: somebody stopped it";
    case 1:
        return "an error: it is tried again";
    case 2:
        return "a panic, or the container failed";
    case 5:
        return "it gave up for good: it is not started again by itself";
    case 42:
        return "an update is staged";
    case 137:
        return "killed: out of memory, or docker kill";
    case 139:
        return "a segmentation fault";
    case 143:
        return "SIGTERM ended it";
    default:
        return "unknown";
    }
}

Look ended(const json::Object& state) {
    const auto code = json::integer_at(state, "ExitCode");
    const std::string text = fmt::format("{}, exit code {} ({}), OOMKilled {}, finished at {}",
                                         json::string_at(state, "Status"),
                                         code,
                                         meaning_of(code),
                                         json::bool_at(state, "OOMKilled"),
                                         json::string_at(state, "FinishedAt"));
    std::vector<Evidence> seen{evidence("docker inspect ecs-agent", text)};
    const std::string summary = "the agent's container is " + text;
    if (json::bool_at(state, "OOMKilled"))
        return finding(sign("OOM", Certainty::certain, summary, std::move(seen)));
    switch (code) {
    case 0:
    case 143:
        return finding(sign("AGENT_STOPPED", Certainty::likely, summary, std::move(seen)));
    case 5:
        return finding(sign("AGENT_TERMINAL", Certainty::certain, summary, std::move(seen)));
    case 2:
        return finding(sign("AGENT_PANIC", Certainty::likely, summary, std::move(seen)));
    case 137:
        return finding(sign("OOM", Certainty::possible, summary, std::move(seen)));
    default:
        return finding(sign("AGENT_CRASHLOOP", Certainty::likely, summary, std::move(seen)));
    }
}

std::string last_health(const json::Object& health) {
    const auto& log = json::array_at(health, "Log");
    return log.empty() ? std::string("no output")
                       : std::string(trimmed(json::string_at(log.back(), "Output")));
}

} // namespace

Look check_docker(Facts& facts, Deadline deadline) {
    const auto* view = facts.docker(deadline);
    if (view == nullptr) return could_not_look("Docker was not asked in time", "docker version");
    if (!view->is_well()) return no_docker(*view);
    if (!view->ping.answer)
        return finding(sign("DOCKER_UNRESPONSIVE",
                            Certainty::likely,
                            fmt::format("the Docker daemon answers after {}, and the agent waits "
                                        "for 2 s",
                                        short_duration(Seconds(2) + view->patient.total)),
                            {evidence(asked(*view, "/_ping"), outcome_text(view->ping))}));
    if (!has_status(view->version, ok))
        return finding(sign("DOCKER_UNRESPONSIVE",
                            Certainty::likely,
                            "the Docker daemon answers a ping, and not what version it is",
                            {evidence(asked(*view, "/version"), outcome_text(view->version))}));
    const auto version = json::parse_object(view->version.answer->body);
    if (!version)
        return could_not_look("what answers at Docker's socket is no Docker", hint(*view));
    const auto* introspection = facts.introspection(deadline);
    const std::string agent = introspection == nullptr ? std::string() : introspection->version;
    std::vector<Sign> signs;
    if (auto found = incompatible(*view, *version, agent)) signs.push_back(std::move(*found));
    return finding_or_healthy(std::move(signs),
                              fmt::format("Docker {} answers within {} ms (API {} to {})",
                                          json::string_at(*version, "Version"),
                                          std::max<Millis::rep>(1, view->ping.total.count()),
                                          json::string_at(*version, "MinAPIVersion"),
                                          json::string_at(*version, "ApiVersion")));
}

Look check_agent_container(Facts& facts, Deadline deadline) {
    const auto* view = facts.docker(deadline);
    if (view == nullptr || !view->is_well())
        return could_not_look("Docker does not answer", "docker inspect ecs-agent");
    if (has_status(view->agent, not_found))
        return not_here("there is no container ecs-agent: the agent runs as a process, or not");
    if (!has_status(view->agent, ok))
        return could_not_look(fmt::format("Docker answers {}", outcome_text(view->agent)),
                              "docker inspect ecs-agent");
    const json::Object state = view->container_state();
    const std::string status(json::string_at(state, "Status"));
    if (status == "created" || status == "restarting")
        return healthy(fmt::format("the agent's container is {}", status));
    if (status == "paused")
        return finding(sign("AGENT_HUNG",
                            Certainty::certain,
                            "the agent's container is paused",
                            {evidence("docker inspect ecs-agent", "paused")},
                            {"docker unpause ecs-agent"}));
    if (!json::bool_at(state, "Running")) return ended(state);
    const json::Object& health = json::object_at(state, "Health");
    if (json::string_at(health, "Status") == "unhealthy")
        return finding(sign("AGENT_HUNG",
                            Certainty::likely,
                            fmt::format("the agent's own health check has failed {} times in a row",
                                        json::integer_at(health, "FailingStreak")),
                            {evidence("docker inspect ecs-agent: Health", last_health(health))}));
    return healthy(
        fmt::format("the agent's container runs since {}", json::string_at(state, "StartedAt")));
}

} // namespace squall::host
