#include "faults/ecs_container_http_warnings.h"

#include "faults/ecs_container_http_tunables.h"
#include "squall/base/text.h"
#include "squall/fault/fault_set.h"
#include "squall/fault/settings.h"
#include "squall/wire/http_message.h"

#include <algorithm>

namespace squall::experiment {
namespace {

constexpr std::int64_t https_port = 443;

bool is_any(const HttpTasks& found, std::string_view network_mode) {
    return std::any_of(found.tasks.begin(), found.tasks.end(), [&](const HttpTask& task) {
        return task.target.network_mode == network_mode;
    });
}

// As the helper reads them.
fault::Match match_of(const TunableValues& values, std::initializer_list<const char*> names) {
    std::map<std::string, std::string> conditions;
    for (const char* name : names) {
        if (!values.text(name).empty()) conditions[name] = values.text(name);
    }
    fault::Settings settings(std::move(conditions));
    return fault::Match::read(settings);
}

// EXEMPT_PATHS has all that PATHS has. What has a pattern is had by another one as a path.
bool is_nobody_meant(const TunableValues& values) {
    const auto exempt = match_of(values, {"EXEMPT_PATHS"});
    auto paths = values.list("PATHS");
    if (paths.empty()) paths.emplace_back("/*");
    return std::none_of(paths.begin(), paths.end(), [&](const std::string& path) {
        return exempt.is_get_meant(path);
    });
}

// Every request of the service gets an error.
bool is_all_errors(const Plan& plan, const HttpTasks& found) {
    const TunableValues& values = plan.tunables;
    if (!values.has("STATUS_CODE") || values.number("STATUS_CODE") < 500 || !found.service)
        return false;
    return plan.task_count() == found.tasks.size() && plan.sequence == "parallel"
           && values.number("TOXICITY") == 100 && values.number("EVERY_NTH") == 1
           && values.text("PATHS").empty() && !is_nobody_meant(values);
}

void warn_of_health_checks(const Plan& plan, const HttpTasks& found, std::vector<std::string>& to) {
    const auto ports = target_ports(plan.tunables);
    const std::string exempt = plan.tunables.text("EXEMPT_PATHS").empty()
                                   ? "EXEMPT_PATHS keeps its path out of the fault"
                                   : "see that EXEMPT_PATHS has its path";
    const auto checked =
        std::find_if(found.tasks.begin(), found.tasks.end(), [](const HttpTask& task) {
            return !task.health_command.empty();
        });
    // Over lo it is not met, unless lo is taken too; which of the two it is the command tells.
    if (checked != found.tasks.end())
        to.push_back(fmt::format(
            "the container {} has a health check ({}): where it meets the fault, ECS replaces the "
            "task; {} (over the loopback interface it meets nothing)",
            checked->target.container,
            checked->health_command.substr(0, 100),
            exempt));
    if (!found.service) return;
    for (const auto& targets : found.service->load_balancers) {
        const auto port = targets.container_port;
        if (std::find(ports.begin(), ports.end(), port) != ports.end())
            to.push_back(
                fmt::format("a load balancer has port {} of the container {} as its target: where "
                            "its health check meets the fault, tasks leave it and are replaced; {}",
                            port,
                            targets.container_name,
                            exempt));
    }
    if (found.service->uses_service_connect)
        to.emplace_back("the service uses Service Connect: its Envoy reaches the application over "
                        "lo, which only NETWORK_INTERFACE=any takes");
}

// Requests that are to show the fault, and that it does not concern.
void warn_of_canaries(const Plan& plan, const HttpTasks& found, std::vector<std::string>& to) {
    const TunableValues& values = plan.tunables;
    const auto match = match_of(values, {"PATHS", "EXEMPT_PATHS", "METHODS", "MATCH_HEADERS"});
    const auto warn = [&](std::string_view tunable, std::string_view target, const char* who) {
        if (match.is_get_meant(target)) return;
        to.push_back(fmt::format("{} asks for {}, and PATHS, EXEMPT_PATHS, METHODS or "
                                 "MATCH_HEADERS keep that out of the fault: {} will not show it",
                                 tunable,
                                 target,
                                 who));
    };
    if (const auto& path = values.text("CANARY_PATH"); path != "off" && is_any(found, "bridge"))
        warn("CANARY_PATH", path, "the hosts' own requests");
    if (const auto url = wire::parse_url(values.text("CANARY_URL")))
        warn("CANARY_URL", url->target, "the canary");
}

} // namespace

void add_http_warnings(Plan& plan, const HttpTasks& found, bool reads_requests) {
    const TunableValues& values = plan.tunables;
    auto& warnings = plan.warnings;
    if (!values.text("SERVICE_NAME").empty() && !values.text("TASK_REPLICA_ID").empty())
        warnings.emplace_back("TASK_REPLICA_ID and SERVICE_NAME are both set: the tasks that are "
                              "named are taken, and the service is not asked for");
    if (is_all_errors(plan, found))
        warnings.push_back(
            fmt::format("every request to the service gets {}: a load balancer may take all of it "
                        "offline; TASK_REPLICA_AFFECTED_PERC=33 leaves two thirds",
                        values.number("STATUS_CODE")));
    warn_of_health_checks(plan, found, warnings);
    warn_of_canaries(plan, found, warnings);
    const auto ports = target_ports(values);
    if (reads_requests && std::find(ports.begin(), ports.end(), https_port) != ports.end())
        warnings.emplace_back("what is TLS passes untouched: this fault reads requests, and cannot "
                              "where the container decrypts them itself (reset-peer can)");
    if (is_nobody_meant(values))
        warnings.emplace_back("EXEMPT_PATHS has every path that PATHS has: no request can meet the "
                              "fault");
    const std::string& header = values.text("FORWARDED_HEADER");
    warnings.push_back(fmt::format(
        "the application sees its own container's address as the client of what passes the proxy: "
        "allow-lists and limits by address are affected ({})",
        header.empty() ? "FORWARDED_HEADER can tell it the true one"
                       : fmt::format("{} tells it the true one", header)));
    if (is_any(found, "host"))
        warnings.emplace_back("in host network mode clients on the same instance are not affected "
                              "(NETWORK_INTERFACE=any takes them too)");
    if (values.has("RESET_TIMEOUT")
        && values.number("RESET_TIMEOUT") >= values.number("TOTAL_CHAOS_DURATION") * 1000)
        warnings.push_back(
            fmt::format("RESET_TIMEOUT={} ms is no less than the fault lasts: no connection will "
                        "be reset",
                        values.number("RESET_TIMEOUT")));
    if (is_no_delay(values)) warnings.emplace_back("LATENCY=0 delays nothing");
    if (values.has("LATENCY")
        && values.number("LATENCY") >= values.number("TOTAL_CHAOS_DURATION") * 1000)
        warnings.push_back(fmt::format("LATENCY={} ms is no less than the fault lasts: what is "
                                       "held is answered when the fault ends",
                                       values.number("LATENCY")));
    const bool has_source = std::any_of(plan.helpers.begin(),
                                        plan.helpers.end(),
                                        [](const auto& helper) { return !helper.source.empty(); });
    if (!has_source && values.text("INSTALL_DEPENDENCIES") == "true")
        warnings.emplace_back("nothing says where hosts without the helper get it from: set "
                              "HELPER_BUCKET (`squall helper publish`) or HELPER_URL");
    const auto skipped = std::count_if(plan.targets.begin(),
                                       plan.targets.end(),
                                       [](const Target& target) { return !target.is_injected(); });
    if (skipped > 0)
        warnings.push_back(
            fmt::format("{} of {} hosts of these tasks cannot be reached (see their reasons)",
                        skipped,
                        plan.targets.size()));
}

} // namespace squall::experiment
