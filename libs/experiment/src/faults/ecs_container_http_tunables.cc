#include "faults/ecs_container_http_tunables.h"

#include "announcement.h"
#include "common_tunables.h"
#include "faults/ecs_container_http.h"
#include "guards.h"
#include "monitor_guard.h"
#include "squall/base/text.h"
#include "squall/fault/fault_set.h"
#include "squall/net/address_range.h"
#include "squall/wire/http_message.h"

#include <algorithm>

namespace squall::experiment {
namespace {

using Type = TunableSpec::Type;

constexpr std::int64_t port_max = 65'535;

std::vector<TunableSpec> of_targets() {
    return {
        cluster_tunable(),
        region_tunable(),
        {.name = "SERVICE_NAME",
         .meaning = "running tasks of this service, by name or ARN",
         .pattern = "[A-Za-z0-9_-]{1,255}|arn:aws[a-z-]*:ecs:[a-z0-9-]+:[0-9]{12}:service/"
                    "[A-Za-z0-9_/-]{1,511}",
         .pattern_meaning = "a service's name (letters, digits, - and _) or its ARN"},
        {.name = "TASK_REPLICA_ID",
         .meaning = "these tasks instead, by id or ARN, with commas between",
         .pattern = "[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|"
                    "arn:aws[a-z-]*:ecs:[a-z0-9-]+:[0-9]{12}:task/[A-Za-z0-9_/-]{1,300}",
         .pattern_meaning = "ids of tasks (32 hexadecimal digits) or their ARNs, with commas "
                            "between",
         .list_max = 50},
        {.name = "TASK_REPLICA_AFFECTED_PERC",
         .type = Type::integer,
         .default_value = "100",
         .meaning = "only so many of the service's running tasks, rounded down but at least one, "
                    "chosen at random",
         .unit = "%",
         .least = 1,
         .most = 100},
        seed_tunable("tasks"),
        {.name = "TARGET_SERVICE_PORT",
         .default_value = "80",
         .meaning = "the port that the container serves on; several with commas between",
         .pattern = "[1-9][0-9]{0,4}",
         .pattern_meaning = "a port from 1 to 65535, or several with commas between",
         .list_max = 8},
        {.name = "CONTAINER_NAME",
         .meaning = "the container of a task with several that could be meant",
         .pattern = "[A-Za-z0-9_-]{1,255}",
         .pattern_meaning = "a container's name (letters, digits, - and _)",
         .in_environment = false},
    };
}

std::vector<TunableSpec> of_interception() {
    return {
        {.name = "PROXY_PORT",
         .type = Type::integer,
         .default_value = "20000",
         .meaning = "the port that the proxy listens on inside the container",
         .least = 1,
         .most = 65'535},
        {.name = "NETWORK_INTERFACE",
         .default_value = "auto",
         .meaning = "the interface inside the container; auto: its primary one; any: lo too",
         .pattern = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}",
         .pattern_meaning = "auto, any, or an interface's name such as eth0"},
        {.name = "INTERCEPT",
         .type = Type::choice,
         .default_value = "auto",
         .meaning = "how traffic is taken; auto: the best that the kernel has",
         .choices = {"auto", "tproxy-owner", "tproxy-lease", "redirect", "iptables"}},
        {.name = "EXISTING_CONNECTIONS",
         .type = Type::choice,
         .default_value = "keep",
         .meaning = "connections from before the fault: keep, or reset",
         .choices = {"keep", "reset"}},
        {.name = "DRAIN",
         .type = Type::integer,
         .default_value = "10",
         .meaning = "what open connections have at the end for their true answers",
         .unit = "s",
         .least = 0,
         .most = 60},
        {.name = "FORWARDED_HEADER",
         .meaning = "a header that tells the application its client's address, which is the "
                    "container's own during the fault: X-Forwarded-For, say",
         .pattern = "Forwarded|X-[A-Za-z0-9-]{1,60}|[A-Za-z-]{1,40}-(Client-)?IP",
         .pattern_meaning = "Forwarded, or a name such as X-Forwarded-For or True-Client-IP",
         .in_environment = false},
        {.name = "PATHS",
         .meaning = "only requests for these paths, with commas between; * at an end stands for "
                    "what follows",
         .in_environment = false},
        {.name = "EXEMPT_PATHS",
         .meaning = "not requests for these paths: those of health checks, say"},
        {.name = "EXEMPT_SOURCES",
         .meaning =
             "not clients with these addresses: 10.0.0.7, 10.0.0.0/16 or 2001:db8::/32, with "
             "commas between"},
        {.name = "METHODS",
         .meaning = "only requests with these methods, with commas between",
         .pattern = "[A-Z-]{1,30}",
         .pattern_meaning = "methods such as GET and POST, with commas between",
         .list_max = 20,
         .in_environment = false},
        {.name = "MATCH_HEADERS",
         .meaning = "only requests with these headers: 'Name: value' or 'Name', with commas "
                    "between"},
        {.name = "TOXICITY",
         .type = Type::integer,
         .default_value = "100",
         .meaning = "only such a share of what is meant, by chance",
         .unit = "%",
         .least = 1,
         .most = 100},
        {.name = "EVERY_NTH",
         .type = Type::integer,
         .default_value = "1",
         .meaning = "only every n-th request of what is meant",
         .least = 1,
         .most = 1'000'000},
    };
}

std::vector<TunableSpec> of_run() {
    return {
        {.name = "TOTAL_CHAOS_DURATION",
         .type = Type::integer,
         .default_value = "60",
         .meaning = "how long the fault lasts",
         .unit = "s",
         .least = 5,
         .most = 43'200},
        {.name = "SEQUENCE",
         .type = Type::choice,
         .default_value = "parallel",
         .meaning = "parallel: all tasks at once; serial: one after another",
         .choices = {"parallel", "serial"}},
        ramp_tunable(),
        {.name = "INSTALL_DEPENDENCIES",
         .type = Type::choice,
         .default_value = "true",
         .meaning = "put the helper, squall-host, on an instance that does not have it",
         .choices = {"true", "false"}},
        {.name = "HELPER_BUCKET",
         .meaning = "the S3 bucket that `squall helper publish` has put the helper into",
         .pattern = "[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
         .pattern_meaning = "a bucket's name"},
        {.name = "HELPER_PREFIX",
         .default_value = "squall/",
         .meaning = "what its keys begin with there",
         .pattern = "([A-Za-z0-9_-][A-Za-z0-9_.-]{0,60}/){1,8}",
         .pattern_meaning = "folders of letters, digits, _ . and -, each with a slash at its end"},
        {.name = "HELPER_URL",
         .meaning = "where else it is: a URL (https, http, file), with {sha256} and {arch} in "
                    "place of the hash and of x86_64 or aarch64",
         .pattern = "(https?|file)://[A-Za-z0-9._~:/?#@!$&()*+,;=%{}-]{1,1000}",
         .pattern_meaning = "an https, http or file URL"},
        {.name = "CANARY_PATH",
         .default_value = "/",
         .meaning = "what the host asks of its tasks in bridge mode before, during and after the "
                    "fault, to prove it: GET of a path; off: nothing",
         .pattern = "off|/[A-Za-z0-9._~:/?@!$&()*+,;=%-]{0,500}",
         .pattern_meaning = "a path such as /, or off"},
        {.name = "CANARY_URL",
         .meaning = "a URL that squall itself asks before, during and after the fault, to see it "
                    "as a client does",
         .pattern =
             "https?://[A-Za-z0-9._:\\[\\]-]{1,300}(/[A-Za-z0-9._~:/?@!$&'()*+,;=%-]{0,1000})?",
         .pattern_meaning = "an http or https URL without a user or a password"},
        alarm_tunable(),
        monitor_tunable(),
        announcement_tunable(),
        role_tunable(),
        credentials_file_tunable(),
    };
}

// The tunable that a problem of the fault library is about: it begins with its name.
std::string where_of(std::string_view problem, const TunableValues& values) {
    for (const auto& [name, value] : values.all()) {
        if (problem.find(": " + name) != std::string_view::npos) return value.source;
    }
    return "the experiment";
}

void check_targets(const TunableValues& values, Problems& problems) {
    if (values.text("SERVICE_NAME").empty() && values.text("TASK_REPLICA_ID").empty())
        problems.push_back({"the experiment",
                            "neither SERVICE_NAME nor TASK_REPLICA_ID is set: say which tasks are "
                            "meant"});
    const auto ports = target_ports(values);
    for (const auto port : ports) {
        if (port > port_max)
            problems.push_back({values.all().at("TARGET_SERVICE_PORT").source,
                                fmt::format("TARGET_SERVICE_PORT is a port from 1 to {}, not {}",
                                            port_max,
                                            port)});
    }
    if (std::find(ports.begin(), ports.end(), values.number("PROXY_PORT")) != ports.end())
        problems.push_back(
            {values.all()
                 .at(values.all().at("PROXY_PORT").source == "default" ? "TARGET_SERVICE_PORT"
                                                                       : "PROXY_PORT")
                 .source,
             "PROXY_PORT and TARGET_SERVICE_PORT are the same port: the proxy needs "
             "one of its own"});
}

void check_helper(const TunableValues& values, Problems& problems) {
    if (!values.text("HELPER_BUCKET").empty() && !values.text("HELPER_URL").empty())
        problems.push_back({values.all().at("HELPER_URL").source,
                            "HELPER_BUCKET and HELPER_URL contradict each other: leave one of them "
                            "out"});
}

void check_canary(const TunableValues& values, Problems& problems) {
    const TunableValue& canary = values.all().at("CANARY_URL");
    if (canary.text.empty()) return;
    if (const auto url = wire::parse_url(canary.text); !url)
        problems.push_back({canary.source, "CANARY_URL: " + url.error().message});
}

// SSM puts parameters of its store in place of what stands in double braces, before a host sees it.
void check_braces(const TunableValues& values, Problems& problems) {
    for (const auto& [name, value] : values.all()) {
        if (value.text.find("{{") != std::string::npos)
            problems.push_back({value.source,
                                fmt::format("{} contains '{{{{': SSM would put a parameter in its "
                                            "place",
                                            name)});
    }
}

} // namespace

std::vector<TunableSpec> http_tunables(const HttpKind& kind, const std::vector<HttpKind>& others) {
    std::vector<TunableSpec> all = of_targets();
    for (const auto& group :
         {kind.tunables, tunables_of_others(others), of_interception(), of_run()})
        all.insert(all.end(), group.begin(), group.end());
    return all;
}

std::vector<std::int64_t> target_ports(const TunableValues& values) {
    std::vector<std::int64_t> ports;
    for (const auto& text : values.list("TARGET_SERVICE_PORT"))
        ports.push_back(to_integer(text).value_or(0));
    return ports;
}

bool is_no_delay(const TunableValues& values) {
    return values.has("LATENCY") && values.number("LATENCY") == 0;
}

const std::vector<std::string>& http_match_names() {
    static const std::vector<std::string> names{
        "PATHS", "EXEMPT_PATHS", "METHODS", "MATCH_HEADERS", "TOXICITY", "EVERY_NTH"};
    return names;
}

std::map<std::string, std::string> EcsContainerHttp::fault_settings(const HttpKind& kind,
                                                                    const TunableValues& values) {
    std::map<std::string, std::string> settings;
    const auto take = [&](const std::string& name) {
        if (!values.text(name).empty()) settings[name] = values.text(name);
    };
    for (const auto& spec : kind.tunables)
        take(spec.name);
    for (const auto& name : http_match_names())
        take(name);
    // It counts from the accept, and with the other moments only where somebody meant it to.
    const auto at = settings.find("RESET_AT");
    if (at != settings.end() && at->second != "connect"
        && values.all().at("RESET_TIMEOUT").source == "default")
        settings.erase("RESET_TIMEOUT");
    return settings;
}

Problems EcsContainerHttp::check(const TunableValues& values) const {
    Problems problems;
    check_targets(values, problems);
    check_kinds(values, problems);
    check_helper(values, problems);
    check_canary(values, problems);
    check_braces(values, problems);
    auto guards = check_guards(values);
    problems.insert(problems.end(), guards.begin(), guards.end());
    // As the helper would read them, by the same code.
    for (const auto& text : values.list("EXEMPT_SOURCES")) {
        const auto range = net::AddressRange::parse(text);
        if (!range)
            problems.push_back({values.all().at("EXEMPT_SOURCES").source,
                                "EXEMPT_SOURCES: " + range.error().message});
    }
    for (const auto* kind : kinds_of(values)) {
        const auto set = fault::FaultSet::make({{kind->name, fault_settings(*kind, values)}}, 1);
        if (set) continue;
        for (const auto& problem : split(set.error().message, '\n'))
            problems.push_back({where_of(problem, values),
                                problem.starts_with(kind->name + ": ")
                                    ? problem.substr(kind->name.size() + 2)
                                    : problem});
    }
    return problems;
}

std::vector<std::string> EcsContainerHttp::proxy_arguments(const TunableValues& values) const {
    std::vector<std::string> words{"--port",
                                   values.text("TARGET_SERVICE_PORT"),
                                   "--proxy-port",
                                   values.text("PROXY_PORT"),
                                   "--interface",
                                   values.text("NETWORK_INTERFACE"),
                                   "--intercept",
                                   values.text("INTERCEPT"),
                                   "--existing",
                                   values.text("EXISTING_CONNECTIONS"),
                                   "--drain",
                                   values.text("DRAIN")};
    if (const auto seed = values.number("SEED"); seed != 0)
        words.insert(words.end(), {"--seed", std::to_string(seed)});
    if (const auto& name = values.text("CONTAINER_NAME"); !name.empty())
        words.insert(words.end(), {"--container-name", name});
    if (const auto& sources = values.text("EXEMPT_SOURCES"); !sources.empty())
        words.insert(words.end(), {"--exempt-sources", sources});
    if (values.has("FORWARDED_HEADER") && !values.text("FORWARDED_HEADER").empty())
        words.insert(words.end(), {"--forwarded-header", values.text("FORWARDED_HEADER")});
    // A plan in a journal may be of a squall that did not know it yet.
    if (values.has("CANARY_PATH") && values.text("CANARY_PATH") != "off")
        words.insert(words.end(),
                     {"--canary",
                      values.text("CANARY_PATH"),
                      "--canary-wait",
                      std::to_string(canary_patience(values).count())});
    for (const auto* kind : kinds_of(values)) {
        words.insert(words.end(), {"--fault", kind->name});
        for (const auto& [name, value] : fault_settings(*kind, values))
            words.insert(words.end(), {"--set", fmt::format("{}={}", name, value)});
    }
    return words;
}

} // namespace squall::experiment
