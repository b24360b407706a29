// What Docker said, or that it said nothing; and how the agent's container ended.
#include "bundle/readers.h"
#include "squall/base/json.h"
#include "squall/base/printable.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace squall::doctor {
namespace {

constexpr std::string_view check = "docker";
constexpr std::string_view unhealthy = "the agent's container runs, and its health check fails";

TextLine first_line(const TextFile& file, std::string_view with = {}) {
    for (const TextLine& line : lines_of(file))
        if (!trimmed(line.text).empty() && line.text.find(with) != std::string_view::npos)
            return line;
    return {};
}

bool says(const TextFile& file, std::string_view words) {
    return file.text.find(words) != std::string::npos;
}

Look docker_finding(const TextFile& file,
                    std::string cause,
                    Certainty certainty,
                    std::string summary,
                    std::string_view words = {}) {
    Evidence evidence = evidence_at(file, first_line(file, words));
    if (evidence.text.empty()) evidence.text = "the file is there, and empty";
    Sign sign{std::move(cause), certainty, summary, {std::move(evidence)}};
    return finding(std::string(check), std::move(summary), {std::move(sign)});
}

// What an end of the agent's container means: facts of the agent's exit codes, and of signals.
std::optional<Sign> sign_of_end(std::int64_t code, bool was_out_of_memory) {
    const auto sign = [&](const char* cause, Certainty certainty, std::string_view means) {
        return Sign{
            cause, certainty, fmt::format("the agent's container ended with {}: {}", code, means)};
    };
    if (was_out_of_memory)
        return sign("OOM", Certainty::certain, "the kernel killed it, out of memory");
    switch (code) {
    case 0:
        return sign(
            "AGENT_STOPPED", Certainty::likely, "it was stopped, and nothing starts it again");
    case 1:
        return sign("AGENT_CRASHLOOP", Certainty::likely, "an error that it retries");
    case 2:
        return sign("AGENT_PANIC", Certainty::likely, "it panicked");
    case 5:
        return sign("AGENT_TERMINAL", Certainty::certain, "an error that it does not retry");
    case 42:
        return {}; // an update that goes on
    case 137:
        return sign(
            "OOM", Certainty::possible, "it was killed, by the kernel for memory or by somebody");
    case 139:
        return sign("AGENT_PANIC", Certainty::possible, "a segmentation fault");
    case 143:
        return sign("AGENT_STOPPED", Certainty::likely, "it was asked to end");
    default:
        return sign("AGENT_CRASHLOOP", Certainty::possible, "a code that the agent does not use");
    }
}

bool is_agent(const json::Value& container) {
    const std::string_view image = json::string_at(json::at(container, "Config"), "Image");
    return json::string_at(container, "Name") == "/ecs-agent"
           || image.find("amazon-ecs-agent") != std::string_view::npos;
}

Look look_at_state(const TextFile& file, const json::Value& state) {
    constexpr const char* agent = "agent-container";
    const std::string status = printable(json::string_at(state, "Status"), 40);
    const std::string health = printable(json::string_at(json::at(state, "Health"), "Status"), 40);
    const std::int64_t code = json::integer_at(state, "ExitCode");
    const bool out_of_memory = json::bool_at(state, "OOMKilled");
    Evidence evidence{file.path,
                      0,
                      fmt::format("State: Status {}, ExitCode {}, OOMKilled {}{}",
                                  status,
                                  code,
                                  out_of_memory,
                                  health.empty() ? "" : ", Health " + health),
                      {}};
    const bool is_running = json::bool_at(state, "Running");
    if (is_running && health != "unhealthy") return healthy(agent, "the agent's container runs");
    std::optional<Sign> sign;
    if (is_running) {
        sign = Sign{"AGENT_HUNG", Certainty::likely, std::string(unhealthy)};
    } else {
        if (const auto when = parse_time(json::string_at(state, "FinishedAt")))
            evidence.when = *when;
        sign = sign_of_end(code, out_of_memory);
    }
    if (!sign) return healthy(agent, "the agent's container ended for an update");
    sign->evidence.push_back(std::move(evidence));
    const std::string summary = sign->summary;
    return finding(agent, summary, {std::move(*sign)});
}

// Whoever made the archive was not root, and Docker may be well.
Look may_not_ask(const TextFile& file) {
    Look look;
    look.check = check;
    look.summary =
        fmt::format("whoever made the archive was not allowed to ask Docker ({})", file.path);
    look.how = "sudo squall doctor collect";
    return look;
}

// A row of `docker ps`: its names come last, and its image second.
std::optional<TextLine> row_of_agent(const TextFile& file) {
    std::optional<TextLine> found;
    for (const TextLine& line : lines_of(file)) {
        const auto words = words_of(line.text);
        if (words.size() < 3 || words[0] == "CONTAINER") continue;
        if (words.back() == "ecs-agent") return line;
        // Under another name it may be an old one beside the one that runs.
        const bool is_by_image = words[1].find("amazon-ecs-agent") != std::string_view::npos;
        const bool is_newer = !found || line.text.find(" Up ") != std::string_view::npos;
        if (is_by_image && is_newer) found = line;
    }
    return found;
}

// "Exited (5) 1 hour ago", "Restarting (1) 5 seconds ago".
std::optional<std::int64_t> code_of(std::string_view row) {
    for (const std::string_view status : {"Exited (", "Restarting ("}) {
        const std::size_t at = row.find(status);
        if (at == std::string_view::npos) continue;
        const std::string_view code = row.substr(at + status.size());
        return to_integer(code.substr(0, code.find(')')));
    }
    return {};
}

} // namespace

std::optional<Look> look_at_docker_not_running(const TextFile& file) {
    if (says(file, "permission denied")) return may_not_ask(file);
    if (says(file, "did not end in time"))
        return docker_finding(file,
                              "DOCKER_UNRESPONSIVE",
                              Certainty::likely,
                              "Docker did not answer when the archive was made");
    return docker_finding(
        file, "DOCKER_DOWN", Certainty::certain, "Docker did not run when the archive was made");
}

std::optional<Look> look_at_inspect_timed_out(const TextFile& file) {
    return docker_finding(file,
                          "DOCKER_UNRESPONSIVE",
                          Certainty::likely,
                          "Docker did not say what a container is, within ten seconds");
}

std::optional<Look> look_at_docker_info(const TextFile& file) {
    if (says(file, "permission denied")) return may_not_ask(file);
    for (const char* words :
         {"Cannot connect to the Docker daemon", "Is the docker daemon running"})
        if (says(file, words))
            return docker_finding(file,
                                  "DOCKER_DOWN",
                                  Certainty::certain,
                                  "Docker did not answer when the archive was made",
                                  words);
    const TextLine version = first_line(file, "Server Version:");
    if (version.number == 0) return {};
    return healthy(std::string(check), "Docker answered: " + evidence_at(file, version).text);
}

std::optional<Look> look_at_agent_not_running(const TextFile& file) {
    Sign sign{"AGENT_STOPPED",
              Certainty::possible,
              "there was no process of the agent when the archive was made"};
    sign.evidence.push_back(evidence_at(file, first_line(file)));
    if (sign.evidence.front().text.empty())
        sign.evidence.front().text = "the file is there, and empty";
    return finding("agent-process", "there was no process of the agent", {std::move(sign)});
}

std::optional<Look> look_at_docker_ps(const TextFile& file) {
    const auto row = row_of_agent(file);
    if (!row) return {};
    std::optional<Sign> sign;
    if (row->text.find("(unhealthy)") != std::string_view::npos)
        sign = Sign{"AGENT_HUNG", Certainty::likely, std::string(unhealthy)};
    else if (const auto code = code_of(row->text))
        sign = sign_of_end(*code, /*was_out_of_memory=*/false);
    if (!sign) return {};
    // A row is short of the container's own account, which says more.
    sign->certainty = std::min(sign->certainty, Certainty::likely);
    sign->evidence.push_back(evidence_at(file, *row));
    const std::string summary = sign->summary;
    return finding("agent-container", summary, {std::move(*sign)});
}

std::optional<Look> look_at_container(const TextFile& file) {
    const auto value = json::parse(file.text);
    if (!value || !value->is_array() || value->get_array().empty()) return {};
    const json::Value& container = value->get_array().front();
    if (!is_agent(container)) return {};
    const json::Value& state = json::at(container, "State");
    if (!state.is_object()) return {};
    return look_at_state(file, state);
}

} // namespace squall::doctor
