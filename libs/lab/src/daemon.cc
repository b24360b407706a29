#include "daemon.h"

#include "api/control.h"
#include "ec2/network.h"
#include "ecs/describe.h"
#include "squall/base/log.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"
#include "squall/transport/socket.h"

#include <csignal>

namespace squall::lab {
namespace {

constexpr const char* account = "123456789012";
constexpr std::uint16_t host_endpoint_port = 80;
constexpr Seconds ready_timeout{90};
constexpr Millis ready_interval{100};

json::Object web_definition() {
    return {{"family", "web"},
            {"networkMode", "bridge"},
            {"taskRoleArn", fmt::format("arn:aws:iam::{}:role/web-task", account)},
            {"containerDefinitions",
             json::Array{json::Object{
                 {"name", "web"},
                 {"image", "squall/web:latest"},
                 {"cpu", 64},
                 {"memory", 64},
                 {"essential", true},
                 {"portMappings",
                  json::Array{json::Object{
                      {"containerPort", 8080}, {"hostPort", 0}, {"protocol", "tcp"}}}}}}}};
}

std::string zone_of(const std::string& region, int ordinal) {
    return region + static_cast<char>('a' + (ordinal - 1) % 3);
}

} // namespace

Daemon::Daemon(LabOptions options, LabPaths paths, Say say)
    : options_(std::move(options)),
      paths_(std::move(paths)),
      say_(std::move(say)),
      cloud_(account, options_.region),
      ready_timer_(loop_),
      started_(Steady::now()),
      instance_prefix_("i-0" + random_hex(9)) {}

Result<void> Daemon::run() {
    loop_.on_signals({SIGINT, SIGTERM, SIGHUP}, [this](int) { loop_.stop(); });
    auto vpc = Vpc::make();
    if (!vpc) return fail(vpc.error());
    vpc_.emplace(std::move(*vpc));
    interfaces_.emplace(*vpc_, [this](const std::string& id) { return process_of(id); });
    cloud_.home().ecs.use(&*interfaces_);
    server_.emplace(loop_, cloud_);
    if (auto opened = open_endpoint(); !opened) return opened;
    if (auto opened = open_control(); !opened) return opened;
    if (auto made = make_cluster(); !made) return made;
    start_hosts();
    if (auto saved = save_state(); !saved) return saved;
    look_whether_ready();
    loop_.run();
    for (const auto& host : hosts_)
        host->kill();
    hosts_.clear();
    if (problem_) return fail(std::move(*problem_));
    return {};
}

void Daemon::end_with(Error error) {
    if (!problem_) problem_ = std::move(error);
    loop_.stop();
}

Result<void> Daemon::open_endpoint() {
    auto outside = transport::listen_tcp("127.0.0.1", options_.port);
    if (!outside && outside.error().code == Errc::conflict) {
        return fail(Errc::conflict,
                    "port {} on 127.0.0.1 is taken: choose another with --port, or let one be "
                    "picked with --port 0",
                    options_.port);
    }
    if (!outside) return fail(outside.error());
    const auto port = transport::port_of(*outside);
    if (!port) return fail(port.error());
    auto inside = transport::listen_tcp_in(
        vpc_->network_namespace().get(), Vpc::gateway(), host_endpoint_port);
    if (!inside) return fail(inside.error());
    server_->listen(std::move(*outside));
    server_->listen(std::move(*inside));
    state_.endpoint = fmt::format("http://127.0.0.1:{}", *port);
    return {};
}

Result<void> Daemon::open_control() {
    auto socket = transport::listen_unix(paths_.control);
    if (!socket) return fail(socket.error());
    control_.emplace(loop_,
                     std::move(*socket),
                     [this](const wire::HttpRequest& request, transport::Responder responder) {
                         handle_control(request, std::move(responder));
                     });
    return {};
}

Result<void>
Daemon::call(const std::string& service, const std::string& operation, json::Object body) {
    ApiCall call{service,
                 operation,
                 options_.region,
                 wire::Protocol::json_1_1,
                 std::move(body),
                 {},
                 {fmt::format("arn:aws:iam::{}:user/lab", account), "AIDALAB"},
                 {},
                 random_uuid(),
                 Wall::now()};
    const auto answered = cloud_.home().ecs.call(call);
    SQUALL_ASSERT(answered.has_value());
    if (!*answered)
        return fail(Errc::invalid_input, "{}: {}", operation, answered->error().message);
    return {};
}

Result<void> Daemon::make_cluster() {
    const auto& user = cloud_.keys().add_user("lab", Wall::now()).credentials;
    state_.cluster = options_.cluster;
    state_.region = options_.region;
    state_.access_key_id = user.access_key_id;
    state_.secret_access_key = user.secret_access_key;
    if (auto made = call("ecs", "CreateCluster", {{"clusterName", options_.cluster}}); !made)
        return made;
    if (auto made = call("ecs", "RegisterTaskDefinition", web_definition()); !made) return made;
    return call("ecs",
                "CreateService",
                {{"cluster", options_.cluster},
                 {"serviceName", "web"},
                 {"taskDefinition", "web"},
                 {"desiredCount", options_.instances}});
}

void Daemon::start_hosts() {
    say_(fmt::format("starting {} container instance{} for cluster {}",
                     options_.instances,
                     options_.instances == 1 ? "" : "s",
                     options_.cluster));
    for (int ordinal = 1; ordinal <= options_.instances; ++ordinal)
        start_host(ordinal);
}

void Daemon::start_host(int ordinal) {
    ec2::Instance instance;
    instance.id = fmt::format("{}{:07}", instance_prefix_, ordinal);
    instance.availability_zone = zone_of(options_.region, ordinal);
    instance.private_ip = Vpc::address_of(ordinal);
    if (const auto subnet = ec2::subnet_of_zone(options_.region, instance.availability_zone))
        instance.subnet_id = subnet->id;
    instance.mac = fmt::format("0e:00:00:00:{:02x}:{:02x}", ordinal / 256, ordinal % 256);
    instance.name = fmt::format("{}-{}", options_.cluster, ordinal);
    instance.launched_at = Wall::now();
    labhost::HostSpec spec;
    spec.instance_id = instance.id;
    spec.hostname = "ip-" + replace_all(instance.private_ip, ".", "-");
    spec.private_ip = instance.private_ip;
    spec.prefix_length = Vpc::prefix_length;
    spec.gateway = Vpc::gateway();
    spec.cluster = options_.cluster;
    spec.region = options_.region;
    spec.endpoint_url = "http://" + Vpc::gateway();
    spec.mount_folder = paths_.mounts;
    const ec2::Instance& stored = cloud_.home().ec2.all[instance.id] = std::move(instance);
    hosts_.push_back(
        std::make_unique<Host>(loop_,
                               *vpc_,
                               cloud_.keys(),
                               stored,
                               std::move(spec),
                               ordinal,
                               Host::Events{[this, id = stored.id, address = stored.private_ip] {
                                                say_(fmt::format("{} is up at {}", id, address));
                                            },
                                            [this, ordinal](const std::string& why) {
                                                host_ended(ordinal, why);
                                            }}));
}

pid_t Daemon::process_of(const std::string& instance_id) const {
    for (const auto& host : hosts_) {
        if (host != nullptr && host->instance_id() == instance_id) return host->first_process();
    }
    return 0;
}

void Daemon::host_ended(int ordinal, const std::string& why) {
    const auto& host = hosts_.at(static_cast<std::size_t>(ordinal - 1));
    cloud_.home().ec2.all.at(host->instance_id()).state = "terminated";
    if (!ready_)
        return end_with(
            {Errc::failed, fmt::format("container instance {} did not come up: {}", ordinal, why)});
    log::warning("lab: container instance {} ({}) is gone: {}", ordinal, host->instance_id(), why);
    cloud_.home().ecs.host_terminated(host->instance_id(), Wall::now());
}

std::string Daemon::what_is_missing() {
    ecs::Store& store = cloud_.home().ecs.store();
    const auto cluster = store.cluster(options_.cluster);
    if (!cluster) return "the cluster";
    int connected = 0;
    for (const auto* instance : store.instances_of(**cluster))
        connected += instance->agent_connected ? 1 : 0;
    if (connected < options_.instances)
        return fmt::format(
            "{} of {} ECS agents", options_.instances - connected, options_.instances);
    const auto managed = cloud_.home().ssm.online(Wall::now());
    if (managed < static_cast<std::size_t>(options_.instances))
        return fmt::format("{} of {} SSM agents",
                           options_.instances - static_cast<int>(managed),
                           options_.instances);
    for (const ecs::Service* service : store.services_of(**cluster)) {
        const auto tasks = store.tasks_of_service(*service);
        const auto running = std::count_if(tasks.begin(), tasks.end(), [](const ecs::Task* task) {
            return task->last_status == "RUNNING";
        });
        if (running < service->desired_count)
            return fmt::format("{} of {} tasks of service {}",
                               service->desired_count - running,
                               service->desired_count,
                               service->name);
    }
    return {};
}

void Daemon::look_whether_ready() {
    const std::string missing = what_is_missing();
    if (missing.empty()) {
        ready_ = true;
        if (auto saved = save_state(); !saved) return end_with(saved.error());
        return say_(fmt::format(
            "ready {} cluster {} region {}", state_.endpoint, options_.cluster, options_.region));
    }
    if (Steady::now() - started_ > ready_timeout) {
        return end_with(
            {Errc::timed_out,
             fmt::format(
                 "the lab did not come up within {}: {} missing; see `journalctl` inside the hosts",
                 short_duration(ready_timeout),
                 missing)});
    }
    ready_timer_.start(ready_interval, [this] { look_whether_ready(); });
}

Result<void> Daemon::save_state() {
    state_.hosts.clear();
    for (const auto& host : hosts_) {
        if (host->holder() > 0) state_.hosts.push_back(ProcessRef::of(host->holder()));
        if (host->first_process() > 0)
            state_.hosts.push_back(ProcessRef::of(host->first_process()));
    }
    return state_.save(paths_);
}

json::Object Daemon::describe_host(const Host& host) {
    const ec2::Instance& instance = cloud_.home().ec2.all.at(host.instance_id());
    json::Object object{{"ordinal", host.ordinal()},
                        {"instance_id", instance.id},
                        {"private_ip", instance.private_ip},
                        {"availability_zone", instance.availability_zone},
                        {"state", instance.state},
                        {"pid", host.first_process()},
                        {"container_instance_arn", nullptr},
                        {"agent_connected", false},
                        {"running_tasks", json::Array{}}};
    ecs::Store& store = cloud_.home().ecs.store();
    for (const auto& [arn, registered] : store.instances) {
        if (registered.ec2_instance_id != instance.id) continue;
        object["container_instance_arn"] = arn;
        object["agent_connected"] = registered.agent_connected;
        json::Array tasks;
        for (const ecs::Task* task : store.tasks_on(registered)) {
            if (task->last_status != "RUNNING") continue;
            tasks.push_back(
                json::Object{{"task_arn", task->arn},
                             {"group", task->group},
                             {"network_bindings",
                              task->containers.empty()
                                  ? json::Array{}
                                  : ecs::describe_bindings(task->containers.front().bindings)}});
        }
        object["running_tasks"] = std::move(tasks);
    }
    return object;
}

json::Object Daemon::describe() {
    json::Array instances;
    for (const auto& host : hosts_)
        instances.push_back(describe_host(*host));
    json::Array services;
    ecs::Store& store = cloud_.home().ecs.store();
    for (const auto& [arn, service] : store.services) {
        const auto tasks = store.tasks_of_service(service);
        const auto running = std::count_if(tasks.begin(), tasks.end(), [](const ecs::Task* task) {
            return task->last_status == "RUNNING";
        });
        services.push_back(json::Object{
            {"service", service.name}, {"desired", service.desired_count}, {"running", running}});
    }
    return {{"endpoint", state_.endpoint},
            {"cluster", options_.cluster},
            {"region", options_.region},
            {"account", account},
            {"pid", ::getpid()},
            {"ready", ready_},
            {"api", describe_api(cloud_, Wall::now())},
            {"instances", std::move(instances)},
            {"services", std::move(services)}};
}

void Daemon::handle_control(const wire::HttpRequest& request, transport::Responder responder) {
    const auto [path, query] = split_once(request.target, '?');
    const auto json_answer = [&](const json::Value& value) {
        responder.respond({200, {{"Content-Type", "application/json"}}, json::text(value)});
    };
    if (request.method == "GET" && path == "/status") return json_answer(describe());
    if (request.method == "GET" && path == "/events") {
        const auto parameters = wire::QueryParameters::parse(query);
        const auto after = parameters ? to_integer(parameters->get("after")).value_or(0) : 0;
        return json_answer(cloud_.home().ecs.events().after(
            static_cast<std::uint64_t>(std::max<std::int64_t>(0, after))));
    }
    if (path == "/api" || path.starts_with("/api/"))
        return responder.respond(answer_api_control(cloud_, request, Wall::now()));
    if (request.method == "POST" && path == "/down") {
        responder.respond({202, {}, ""});
        return loop_.post([this] { loop_.stop(); });
    }
    responder.respond({404, {}, ""});
}

} // namespace squall::lab
