#include "lab_commands.h"

#include "complaint.h"
#include "lab_api_text.h"
#include "output.h"
#include "signals.h"
#include "squall/base/clock.h"
#include "squall/base/log.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

#include <algorithm>

namespace squall::app {
namespace {

void print_status(const json::Object& status, Output& output) {
    const bool has_docker = json::string_at(status, "runtime") == "docker";
    output.line(fmt::format("cluster {} in {} at {}{}",
                            json::string_at(status, "cluster"),
                            json::string_at(status, "region"),
                            json::string_at(status, "endpoint"),
                            has_docker ? ", its containers by the Docker Engine" : ""));
    for (const auto& instance : json::array_at(status, "instances")) {
        const auto tasks = json::array_at(instance, "running_tasks").size();
        const std::string agent = json::string_at(instance, "state") != "running"
                                      ? std::string(json::string_at(instance, "state"))
                                  : json::bool_at(instance, "agent_connected")
                                      ? "agent connected"
                                      : "agent disconnected";
        const std::string_view kind = json::string_at(instance, "kind");
        output.line(fmt::format("  {:>3}  {}  {:<11} {:<10} {:<19} {} task{}{}",
                                json::integer_at(instance, "ordinal"),
                                json::string_at(instance, "instance_id"),
                                json::string_at(instance, "private_ip"),
                                json::string_at(instance, "availability_zone"),
                                agent,
                                tasks,
                                tasks == 1 ? "" : "s",
                                kind == "standard" ? "" : fmt::format("  {}", kind)));
    }
    if (const auto& imagined = json::object_at(status, "virtual_instances");
        json::integer_at(imagined, "count") > 0)
        output.line(fmt::format("  and {} virtual ones, {} of them with their agent connected",
                                json::integer_at(imagined, "count"),
                                json::integer_at(imagined, "connected")));
    for (const auto& service : json::array_at(status, "services")) {
        output.line(fmt::format("  service {}: {} of {} tasks running",
                                json::string_at(service, "service"),
                                json::integer_at(service, "running"),
                                json::integer_at(service, "desired")));
    }
    for (const auto& balancer : json::array_at(status, "load_balancers")) {
        const auto& targets = json::array_at(balancer, "targets");
        const auto healthy = std::count_if(targets.begin(), targets.end(), [](const auto& target) {
            return json::string_at(target, "state") == "healthy";
        });
        const std::string_view url = json::string_at(balancer, "url");
        output.line(fmt::format("  load balancer {}: {}, {} of {} targets healthy",
                                json::string_at(balancer, "name"),
                                url.empty() ? "not listening" : url,
                                healthy,
                                targets.size()));
    }
    // Nobody is to wonder tomorrow why AWS is so unwell today.
    for (const auto& line : lab_api_lines(json::object_at(status, "api"), WhenWell::says_nothing))
        output.line("  " + line);
}

bool is_wanted(const json::Value& mail, const LabMailCommand& command) {
    return (command.to.empty() || json::string_at(mail, "to") == command.to)
           && (command.topic.empty() || json::string_at(mail, "topic") == command.topic
               || json::string_at(mail, "topic_arn") == command.topic);
}

std::string text_of(const json::Value& mail) {
    return fmt::format("{}  to {}  from {}\n  {}\n    {}\n",
                       json::string_at(mail, "when"),
                       json::string_at(mail, "to"),
                       json::string_at(mail, "topic"),
                       json::string_at(mail, "subject"),
                       replace_all(std::string(json::string_at(mail, "body")), "\n", "\n    "));
}

} // namespace

int run_command(const LabUpCommand& command) {
    Output output;
    if (command.detach) {
        const auto ready = lab::up_detached(command.options);
        if (!ready) return complain(ready.error());
        output.line(*ready);
        output.line("next: eval \"$(squall lab env)\"");
        return 0;
    }
    const auto ended =
        lab::up(command.options, [&](const std::string& line) { output.line(line); });
    return ended ? 0 : complain(ended.error());
}

int run_command(const LabDownCommand& /*command*/) {
    const auto was_there = lab::down();
    if (!was_there) return complain(was_there.error());
    Output().line(*was_there ? "the lab is down" : "no lab is running");
    return 0;
}

int run_command(const LabStatusCommand& command) {
    const auto status = lab::status();
    if (!status) return complain(status.error());
    Output output;
    if (command.json)
        output.line(json::text(*status));
    else
        print_status(*status, output);
    return 0;
}

int run_command(const LabEventsCommand& command) {
    const auto events = lab::events(command.after);
    if (!events) return complain(events.error());
    Output output;
    for (const auto& event : *events)
        output.line(json::text(event));
    return 0;
}

int run_command(const LabMailCommand& command) {
    constexpr Millis interval{500};
    const SignalStops stops;
    SystemClock clock;
    Output output;
    std::uint64_t last = 0;
    do {
        const auto mails = lab::mail(last);
        if (!mails) return complain(mails.error());
        for (const auto& mail : *mails) {
            last = static_cast<std::uint64_t>(json::integer_at(mail, "number"));
            if (is_wanted(mail, command))
                output.line(command.json ? json::text(mail) : text_of(mail));
        }
    } while (command.follow && !output.is_broken() && clock.wait_for(interval, stops.first()));
    return 0;
}

int run_command(const LabEnvCommand& /*command*/) {
    const auto lines = lab::environment_lines();
    if (!lines) return complain(lines.error());
    Output().write(*lines);
    return 0;
}

int run_command(const LabApiCommand& command) {
    Output output;
    if (!command.verb.empty()) {
        const auto done = lab::order_api(command.verb, command.order);
        if (!done) return complain(done.error());
        output.line(command.as_json ? json::text(*done) : lab_api_answer(command.verb, *done));
        return 0;
    }
    const auto status = lab::status();
    if (!status) return complain(status.error());
    const json::Object& api = json::object_at(*status, "api");
    if (command.as_json) {
        output.line(json::text(api));
        return 0;
    }
    for (const auto& line : lab_api_lines(api, WhenWell::says_so))
        output.line(line);
    return 0;
}

int run_command(const LabSpotCommand& command) {
    const auto notice = parse_duration(command.notice);
    if (!notice) return complain(notice.error());
    const auto done =
        lab::order_api("spot", {{"instance", command.instance}, {"notice_ms", notice->count()}});
    if (!done) return complain(done.error());
    Output().line(fmt::format("{} has been told that EC2 takes it back at {}",
                              json::string_at(*done, "instance"),
                              json::string_at(*done, "time")));
    return 0;
}

int run_command(const LabExecCommand& command) {
    const auto code = lab::run_in_host(command.instance, command.command);
    return code ? *code : complain(code.error());
}

} // namespace squall::app
