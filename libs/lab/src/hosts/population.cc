#include "hosts/population.h"

#include "docker_engine.h"
#include "ec2/network.h"
#include "ecs/describe.h"
#include "hosts/last_words.h"
#include "names/zone.h"
#include "squall/base/log.h"
#include "squall/base/text.h"
#include "squall/transport/socket.h"

#include <algorithm>

namespace squall::lab {
namespace {

constexpr Millis fleet_interval{50};
constexpr std::chrono::hours external_credentials_lifetime{24 * 365};
constexpr int hosts_in_a_block = 256;

// What stands still on such a host; empty: nothing.
std::string stopped_unit(HostKind kind) {
    if (kind == HostKind::agent_down) return "ecs";
    if (kind == HostKind::offline) return "amazon-ssm-agent";
    return {};
}

fleet::Rules fleet_rules(const LabOptions& options) {
    const auto& asked = options.virtual_instances;
    return {options.cluster,
            asked.failing_percent,
            asked.silent_percent,
            Millis(asked.latency_ms / 2),
            Millis(asked.latency_ms + asked.latency_ms / 2),
            asked.seed};
}

} // namespace

Population::Population(Ground ground, Events events)
    : ground_(std::move(ground)),
      events_(std::move(events)),
      instance_prefix_("i-0" + random_hex(9)),
      fleet_(ground_.cloud, fleet_rules(ground_.options)),
      fleet_timer_(ground_.loop) {
    ground_.cloud.home().ec2.use(this);
    ground_.cloud.home().auto_scaling.use(this);
}

Population::~Population() {
    ground_.cloud.home().ec2.use(nullptr);
    ground_.cloud.home().auto_scaling.use(nullptr);
    for (auto& place : places_)
        if (place.host) place.host->kill();
}

int Population::service_size(const LabOptions& options) {
    const auto takers =
        std::count_if(options.others.begin(), options.others.end(), [](HostKind kind) {
            return !is_virtual(kind) && kind != HostKind::external;
        });
    return options.instances + static_cast<int>(takers);
}

bool Population::has_virtual(const LabOptions& options) {
    return options.virtual_instances.count > 0
           || std::any_of(options.others.begin(), options.others.end(), is_virtual);
}

void Population::start() {
    const LabOptions& options = ground_.options;
    const int count = options.virtual_instances.count;
    const int listed = options.instances + static_cast<int>(options.others.size());
    events_.say(fmt::format("starting {} container instance{} for cluster {}{}",
                            listed,
                            listed == 1 ? "" : "s",
                            options.cluster,
                            count > 0 ? fmt::format(", and {} virtual ones", count) : ""));
    std::vector<HostKind> kinds(static_cast<std::size_t>(options.instances), HostKind::standard);
    kinds.insert(kinds.end(), options.others.begin(), options.others.end());
    const WallTime now = Wall::now();
    int ordinal = 0;
    for (const HostKind kind : kinds) {
        ++ordinal;
        if (kind == HostKind::windows)
            start_virtual(ordinal, fleet::Platform::windows, now);
        else if (kind == HostKind::bottlerocket)
            start_virtual(ordinal, fleet::Platform::bottlerocket, now);
        else
            start_host(ordinal, kind);
    }
    for (int i = 0; i < count; ++i)
        start_member(now);
    make_groups(now);
    if (fleet_.size() > 0) run_fleet();
}

void Population::run_fleet() {
    fleet_.tick(Wall::now());
    fleet_timer_.start(fleet_interval, [this] { run_fleet(); });
}

ec2::Instance Population::new_instance(int turn, const std::string& address) {
    const LabOptions& options = ground_.options;
    const int number = ++last_number_;
    ec2::Instance instance;
    instance.id = fmt::format("{}{:07}", instance_prefix_, number);
    instance.availability_zone =
        options.region + static_cast<char>('a' + (turn - 1) % options.zones);
    if (const auto subnet = ec2::subnet_of_zone(options.region, instance.availability_zone))
        instance.subnet_id = subnet->id;
    instance.private_ip = address;
    instance.mac = fmt::format("0e:00:00:{:02x}:{:02x}:{:02x}",
                               number / (hosts_in_a_block * hosts_in_a_block),
                               number / hosts_in_a_block % hosts_in_a_block,
                               number % hosts_in_a_block);
    instance.name = fmt::format("{}-{}", options.cluster, number);
    instance.launched_at = Wall::now();
    return instance;
}

std::string Population::start_member(WallTime now) {
    const int before = static_cast<int>(crowd_.size());
    const auto instance =
        new_instance(last_number_ + 1,
                     fmt::format("10.{}.{}.{}",
                                 1 + before / (hosts_in_a_block * hosts_in_a_block),
                                 before / hosts_in_a_block % hosts_in_a_block,
                                 before % hosts_in_a_block));
    fleet_.add(instance, fleet::Platform::amazon_linux, now);
    return crowd_.emplace_back(instance.id);
}

void Population::start_virtual(int ordinal, fleet::Platform platform, WallTime now) {
    const auto instance = new_instance(ordinal, Vpc::address_of(ordinal, ground_.options.zones));
    fleet_.add(instance, platform, now);
    places_.push_back(
        {ordinal,
         platform == fleet::Platform::windows ? HostKind::windows : HostKind::bottlerocket,
         instance.id,
         nullptr,
         nullptr,
         true});
}

const std::string& Population::start_host(int ordinal, HostKind kind) {
    const LabOptions& options = ground_.options;
    auto instance = new_instance(ordinal, Vpc::address_of(ordinal, options.zones));
    const bool is_external = kind == HostKind::external;
    if (is_external) instance.id = "mi-" + instance.id.substr(2);
    labhost::HostSpec spec;
    spec.instance_id = instance.id;
    spec.hostname = "ip-" + replace_all(instance.private_ip, ".", "-");
    spec.private_ip = instance.private_ip;
    spec.prefix_length = Vpc::prefix_length;
    spec.gateway = Vpc::gateway();
    spec.cluster = options.cluster;
    spec.region = options.region;
    spec.endpoint_url = "http://" + Vpc::gateway();
    spec.name_server = names::resolver_address;
    spec.authority_pem = ground_.authority_pem;
    spec.mount_folder = ground_.paths.mounts;
    spec.has_systemd = kind != HostKind::upstart;
    spec.has_ssm_agent = kind != HostKind::unmanaged;
    if (options.runtime == ContainerRuntime::docker)
        spec.docker_cgroup = docker_cgroup(ground_.paths.folder);
    const ec2::Instance* stored = nullptr;
    if (is_external) {
        // AWS renews them every half hour; these outlive every lab.
        spec.external_credentials =
            ground_.cloud.keys()
                .new_session(fmt::format("arn:aws:iam::{}:role/ecsExternalInstanceRole",
                                         ground_.cloud.keys().account()),
                             instance.id,
                             Wall::now(),
                             external_credentials_lifetime)
                .credentials;
    } else {
        stored = &ground_.cloud.home().ec2.launch(instance, Wall::now());
    }
    places_.push_back({ordinal, kind, instance.id, nullptr, nullptr, stopped_unit(kind).empty()});
    places_.back().host = std::make_unique<Host>(
        ground_.loop,
        ground_.vpc,
        ground_.cloud.keys(),
        stored,
        std::move(spec),
        ordinal,
        Host::Events{[this, id = instance.id, address = instance.private_ip] {
                         events_.say(fmt::format("{} is up at {}", id, address));
                         settle(id, "running");
                         if (events_.on_more) events_.on_more();
                     },
                     [this, id = instance.id] { settle(id, "stopped"); },
                     [this, place = places_.size() - 1](int network_namespace) {
                         serve_endpoint(place, network_namespace);
                     },
                     [this, ordinal](const std::string& why) {
                         host_ended(ordinal, why);
                     }});
    return places_.back().instance_id;
}

void Population::serve_endpoint(std::size_t place, int network_namespace) {
    auto socket = transport::listen_tcp_in(network_namespace, "127.0.0.1", ground_.port);
    if (!socket)
        return log::warning("lab: the endpoint on a host's loopback: {}", socket.error().message);
    places_.at(place).endpoint = ground_.server.serve(std::move(*socket));
}

Population::Registered Population::registered() {
    Registered found;
    for (const auto& [arn, instance] : ground_.cloud.home().ecs.store().instances) {
        auto& known = found[instance.ec2_instance_id];
        if (known == nullptr || ecs::is_rather(instance, *known)) known = &instance;
    }
    return found;
}

const ecs::ContainerInstance* Population::of(const Place& place, const Registered& registered) {
    const auto found = registered.find(place.instance_id);
    return found == registered.end() ? nullptr : found->second;
}

std::string Population::missing_agents(WallTime now) {
    const Registered known = registered();
    std::size_t agents = 0;
    std::size_t managed = 0;
    for (const Place& place : places_) {
        // One that has been made different has been well before.
        if (place.is_made_so && !stopped_unit(place.kind).empty()) continue;
        const auto* instance = of(place, known);
        const bool is_stopping = place.chore != nullptr;
        agents += instance != nullptr && (instance->agent_connected || is_stopping) ? 0U : 1U;
        const bool is_seen = place.kind == HostKind::unmanaged || is_stopping
                             || ground_.cloud.home().ssm.is_online(place.instance_id, now);
        managed += is_seen ? 0U : 1U;
    }
    if (agents > 0) return fmt::format("{} of {} ECS agents", agents, places_.size());
    if (managed > 0) return fmt::format("{} of {} SSM agents", managed, places_.size());
    return {};
}

std::string Population::missing_tasks() {
    ecs::Store& store = ground_.cloud.home().ecs.store();
    const auto cluster = store.cluster(ground_.options.cluster);
    if (!cluster) return "the cluster";
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
        const auto reached = std::count_if(
            tasks.begin(), tasks.end(), [&](const ecs::Task* task) { return is_reached(*task); });
        if (!service->load_balancers.empty() && reached < service->desired_count)
            return fmt::format("{} of {} healthy targets of service {}",
                               service->desired_count - reached,
                               service->desired_count,
                               service->name);
    }
    return {};
}

// Its load balancer sends requests to it.
bool Population::is_reached(const ecs::Task& task) const {
    const elb::Service& balancers = ground_.cloud.home().elb;
    return !task.targets.empty()
           && std::all_of(task.targets.begin(), task.targets.end(), [&](const auto& target) {
                  const auto facts = balancers.look(target);
                  return facts && facts->state == "healthy";
              });
}

void Population::make_different(Place& place) {
    const std::string unit = stopped_unit(place.kind);
    place.chore = std::make_unique<Chore>(
        ground_.loop,
        place.instance_id,
        std::vector<std::string>{"systemctl", "stop", unit},
        [this, &place, unit](const Chore::Ended& ended) {
            place.chore.reset();
            if (ended.exit_code != 0)
                return log::warning("lab: {} on {} does not stop: exit code {}: {}",
                                    unit,
                                    place.instance_id,
                                    ended.exit_code,
                                    trimmed(ended.output));
            place.is_made_so = true;
            if (place.kind == HostKind::offline)
                ground_.cloud.home().ssm.lose_contact(place.instance_id);
        });
}

std::string Population::missing_differences() {
    const Registered known = registered();
    for (Place& place : places_) {
        if (!place.is_made_so && !place.chore) make_different(place);
        const auto* instance = of(place, known);
        const bool is_agent_in_the_way =
            place.kind == HostKind::agent_down && instance != nullptr && instance->agent_connected;
        if (!place.is_made_so || is_agent_in_the_way)
            return fmt::format("the stop of {} on {}", stopped_unit(place.kind), place.instance_id);
    }
    return {};
}

std::string Population::what_is_missing(WallTime now) {
    if (auto missing = missing_agents(now); !missing.empty()) return missing;
    if (auto missing = missing_tasks(); !missing.empty()) return missing;
    return missing_differences();
}

std::string Population::last_words() {
    constexpr std::size_t hosts_max = 3;
    constexpr std::size_t lines_max = 15;
    const Registered known = registered();
    std::vector<const Place*> silent;
    std::vector<const Place*> all;
    for (const Place& place : places_) {
        if (!place.host || place.host->first_process() == 0) continue;
        all.push_back(&place);
        const auto* instance = of(place, known);
        if (instance == nullptr || !instance->agent_connected) silent.push_back(&place);
    }
    auto& chosen = silent.empty() ? all : silent;
    if (chosen.size() > hosts_max) chosen.resize(hosts_max);
    std::string text;
    for (const Place* place : chosen) {
        text += fmt::format("\nthe last of the journal of {}:", place->instance_id);
        // In the host's own root, as its first process sees it.
        const Path journal =
            fmt::format("/proc/{}/root{}", place->host->first_process(), labhost::journal_path);
        for (const auto& line : lab::last_words(journal, lines_max))
            text += "\n  " + line;
    }
    return text;
}

pid_t Population::process_of(const std::string& instance_id) const {
    for (const Place& place : places_) {
        if (place.host && place.instance_id == instance_id)
            return place.host->is_off() ? 0 : place.host->first_process();
    }
    return 0;
}

std::vector<ProcessRef> Population::processes() const {
    std::vector<ProcessRef> processes;
    for (const Place& place : places_) {
        if (!place.host) continue;
        if (place.host->holder() > 0) processes.push_back(ProcessRef::of(place.host->holder()));
        if (place.host->first_process() > 0)
            processes.push_back(ProcessRef::of(place.host->first_process()));
    }
    return processes;
}

json::Object Population::describe_place(const Place& place,
                                        const ecs::ContainerInstance* instance) {
    const auto& instances = ground_.cloud.home().ec2.all;
    const auto known = instances.find(place.instance_id);
    const bool is_ec2 = known != instances.end();
    json::Object object{
        {"ordinal", place.ordinal},
        {"kind", name_of(place.kind)},
        {"instance_id", place.instance_id},
        {"private_ip",
         is_ec2 ? known->second.private_ip : Vpc::address_of(place.ordinal, ground_.options.zones)},
        {"availability_zone", is_ec2 ? known->second.availability_zone : ""},
        {"state",
         is_ec2          ? known->second.state
         : place.is_gone ? "terminated"
                         : "running"},
        {"pid", process_of(place.instance_id)},
        {"container_instance_arn", nullptr},
        {"agent_connected", false},
        {"running_tasks", json::Array{}}};
    ecs::Store& store = ground_.cloud.home().ecs.store();
    if (instance == nullptr) return object;
    object["container_instance_arn"] = instance->arn;
    object["agent_connected"] = instance->agent_connected;
    json::Array tasks;
    for (const ecs::Task* task : std::as_const(store).tasks_on(*instance)) {
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
    return object;
}

json::Array Population::describe() {
    const Registered known = registered();
    json::Array instances;
    for (const Place& place : places_)
        instances.push_back(describe_place(place, of(place, known)));
    return instances;
}

json::Object Population::describe_virtual() {
    std::set<std::string_view> listed;
    for (const Place& place : places_)
        listed.insert(place.instance_id);
    std::int64_t connected = 0;
    for (const auto& [arn, instance] : ground_.cloud.home().ecs.store().instances) {
        const std::string& id = instance.ec2_instance_id;
        if (instance.agent_connected && !listed.contains(id) && fleet_.contains(id)) ++connected;
    }
    return {{"count", ground_.options.virtual_instances.count}, {"connected", connected}};
}

} // namespace squall::lab
