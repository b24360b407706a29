#include "daemon.h"

#include "cloud/control.h"
#include "docker_engine.h"
#include "ecs/describe.h"
#include "sample.h"
#include "squall/base/log.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"
#include "squall/transport/socket.h"

#include <csignal>

namespace squall::lab {
namespace {

constexpr const char* account = "123456789012";
constexpr std::uint16_t host_endpoint_port = 80;
constexpr std::uint16_t tls_port = 443;
constexpr std::uint16_t names_port = 53;
constexpr Seconds ready_timeout{90};
constexpr Millis ready_interval{100};
constexpr Millis overdue_interval{250};
// One that does not last so long has not really started.
constexpr Seconds monitor_start_time{3};
constexpr int monitor_failures_max = 5;

std::string last_line_of(const Path& log) {
    constexpr std::size_t log_max = 1U << 20U;
    std::string last = "its log says nothing";
    for (const auto& line : split(read_file(log, log_max).value_or(""), '\n')) {
        if (!line.empty()) last = line;
    }
    return last;
}

} // namespace

Daemon::Daemon(LabOptions options, LabPaths paths, Say say)
    : options_(std::move(options)),
      paths_(std::move(paths)),
      say_(std::move(say)),
      cloud_(account, options_.region, paths_.folder / "s3"),
      ready_timer_(loop_),
      overdue_timer_(loop_),
      started_(Steady::now()) {}

Result<void> Daemon::run() {
    loop_.on_signals({SIGINT, SIGTERM, SIGHUP}, [this](int) { loop_.stop(); });
    auto vpc = Vpc::make();
    if (!vpc) return fail(vpc.error());
    vpc_.emplace(std::move(*vpc));
    interfaces_.emplace(*vpc_, [this](const std::string& id) {
        return population_ ? population_->process_of(id) : 0;
    });
    cloud_.home().ecs.use(&*interfaces_);
    closed_ways_.emplace(*vpc_, cloud_.home().ec2);
    cloud_.home().ec2.firewall.on_change([this] { closed_ways_->look(); });
    auto plane = elb::DataPlane::start(loop_, vpc_->network_namespace().get());
    if (!plane) return fail(plane.error());
    data_plane_ = std::move(*plane);
    cloud_.home().elb.use(data_plane_.get());
    server_.emplace(loop_, cloud_);
    if (auto opened = open_endpoint(); !opened) return opened;
    if (auto opened = open_names(); !opened) return opened;
    if (auto opened = open_proxy(); !opened) return opened;
    if (auto opened = open_control(); !opened) return opened;
    if (auto made = make_cluster(); !made) return made;
    population_.emplace(
        Population::Ground{loop_,
                           *vpc_,
                           cloud_,
                           *server_,
                           options_,
                           paths_,
                           endpoint_port_,
                           authority_->certificate_pem()},
        Population::Events{say_,
                           [this](int ordinal, const std::string& why) { host_lost(ordinal, why); },
                           [this] {
                               host_added();
                           }});
    broken_hosts_.emplace(loop_, *population_);
    breaks_.emplace(breaks::Breaks::Ground{loop_, cloud_, *broken_hosts_, *vpc_});
    population_->start();
    if (auto saved = save_state(); !saved) return saved;
    look_whether_ready();
    look_for_overdue();
    loop_.run();
    monitor_.reset();
    breaks_.reset();
    population_.reset();
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
    if (!outside && outside.error().code == Errc::denied) {
        return fail(Errc::denied,
                    "port {} on 127.0.0.1 is for root alone: choose one from 1024 on with --port, "
                    "or let one be picked with --port 0",
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
    endpoint_port_ = *port;
    state_.endpoint = fmt::format("http://127.0.0.1:{}", *port);
    return {};
}

// What the hosts know of AWS: names, and an authority that vouches for what is behind them.
Result<void> Daemon::open_names() {
    const auto validity = transport::Authority::lifetime(Wall::now());
    auto authority = transport::Authority::make(validity);
    if (!authority) return fail(authority.error());
    authority_.emplace(std::move(*authority));
    const names::Zone zone(options_.region);
    const auto issued = authority_->issue(zone.certificate_names(), validity);
    if (!issued) return fail(issued.error());
    const auto identity = transport::TlsIdentity::make(issued->certificate_pem, issued->key_pem);
    if (!identity) return fail("the certificate of the lab's endpoints", identity.error());
    if (auto opened = open_inspector(zone, validity); !opened) return opened;
    const int network = vpc_->network_namespace().get();
    for (const char* address :
         {names::services_address, names::ecs_address, names::acs_address, names::tcs_address}) {
        if (auto added = vpc_->add_address(address); !added) return added;
        auto socket = transport::listen_tcp_in(network, address, tls_port);
        if (!socket) return fail(socket.error());
        server_->listen(std::move(*socket), *identity);
    }
    if (auto added = vpc_->add_address(names::resolver_address); !added) return added;
    auto udp = transport::bind_udp_in(network, names::resolver_address, names_port);
    if (!udp) return fail(udp.error());
    auto tcp = transport::listen_tcp_in(network, names::resolver_address, names_port);
    if (!tcp) return fail(tcp.error());
    resolver_.emplace(loop_,
                      names::Resolver::Sockets{std::move(*udp), std::move(*tcp)},
                      zone,
                      [this](const std::string& asker) {
                          const auto* instance = cloud_.home().ec2.at_address(asker);
                          return instance == nullptr || instance->has_names;
                      });
    return {};
}

// Somebody's firewall, which opens what goes through it and closes it again with its own seal.
Result<void> Daemon::open_inspector(const names::Zone& zone, const transport::Validity& validity) {
    const auto authority = transport::Authority::make(validity, "Corporate TLS Inspection CA");
    if (!authority) return fail(authority.error());
    const auto issued = authority->issue(zone.certificate_names(), validity);
    if (!issued) return fail(issued.error());
    auto identity = transport::TlsIdentity::make(issued->certificate_pem, issued->key_pem);
    if (!identity) return fail("the certificate of a firewall", identity.error());
    server_->inspect_as(std::move(*identity));
    return {};
}

// Somebody's proxy, which knows its users: nobody here is one of them.
Result<void> Daemon::open_proxy() {
    if (auto added = vpc_->add_address(names::proxy_address); !added) return added;
    auto socket = transport::listen_tcp_in(
        vpc_->network_namespace().get(), names::proxy_address, names::proxy_port);
    if (!socket) return fail(socket.error());
    proxy_.emplace(
        loop_, std::move(*socket), [](const wire::HttpRequest&, transport::Responder responder) {
            responder.respond(
                {407,
                 {{"Proxy-Authenticate", "Basic realm=\"proxy\""}, {"Content-Type", "text/plain"}},
                 "Proxy Authentication Required\n"});
        });
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

Result<void> Daemon::make_cluster() {
    const auto& user = cloud_.keys().add_user("lab", Wall::now()).credentials;
    state_.cluster = options_.cluster;
    state_.region = options_.region;
    state_.access_key_id = user.access_key_id;
    state_.secret_access_key = user.secret_access_key;
    auto group = make_sample(cloud_, options_);
    if (!group) return fail(group.error());
    target_group_ = std::move(*group);
    return {};
}

void Daemon::host_lost(int ordinal, const std::string& why) {
    if (!ready_)
        return end_with(
            {Errc::failed, fmt::format("container instance {} did not come up: {}", ordinal, why)});
    log::warning("lab: container instance {} is gone: {}", ordinal, why);
}

// Its processes are known to whoever cleans up after a lab that was killed.
void Daemon::host_added() {
    if (!ready_) return;
    if (auto saved = save_state(); !saved)
        log::warning("lab: writing its state: {}", saved.error().message);
}

Result<std::string> Daemon::what_is_missing() {
    const WallTime now = Wall::now();
    if (target_group_) {
        if (auto missing = population_->missing_agents(now); !missing.empty()) return missing;
        if (auto made = make_sample_service(cloud_, options_, *target_group_); !made)
            return fail(made.error());
        target_group_.reset();
    }
    return population_->what_is_missing(now);
}

void Daemon::look_whether_ready() {
    const auto missing = what_is_missing();
    if (!missing) return end_with(missing.error());
    if (missing->empty()) {
        ready_ = true;
        if (auto made = make_monitor(); !made) return end_with(made.error());
        if (auto saved = save_state(); !saved) return end_with(saved.error());
        return say_(fmt::format(
            "ready {} cluster {} region {}", state_.endpoint, options_.cluster, options_.region));
    }
    if (Steady::now() - started_ > ready_timeout) {
        return end_with({Errc::timed_out,
                         fmt::format("the lab did not come up within {}: {} missing; a machine "
                                     "under heavy load may need "
                                     "fewer --instances{}",
                                     short_duration(ready_timeout),
                                     *missing,
                                     population_->last_words())});
    }
    ready_timer_.start(ready_interval, [this] { look_whether_ready(); });
}

Result<void> Daemon::make_monitor() {
    if (!options_.with_monitor) return {};
    auto monitoring = make_monitoring(cloud_, fmt::format("127.0.0.1:{}", endpoint_port_));
    if (!monitoring) return fail(monitoring.error());
    monitoring_ = std::move(*monitoring);
    state_.monitor_store = paths_.folder / "monitor.db";
    return start_monitor();
}

Result<void> Daemon::start_monitor() {
    monitor_started_ = Steady::now();
    ++monitor_number_;
    auto started = MonitorProcess::start(
        loop_,
        monitoring_,
        state_,
        {options_.monitor_grace, state_.monitor_store, paths_.folder / "monitor.log"},
        // Not from inside what is about to be destroyed.
        [this, number = monitor_number_] {
            loop_.post([this, number] { monitor_ended(number); });
        });
    if (!started) return fail(started.error());
    monitor_ = std::move(*started);
    return {};
}

// As a supervisor would: whoever kills it wants to see that nothing is lost.
void Daemon::monitor_ended(int number) {
    // It may be said more than once, and of one that has been replaced.
    if (!monitor_ || number != monitor_number_) return;
    monitor_.reset();
    const std::string why = last_line_of(paths_.folder / "monitor.log");
    const bool is_early = Steady::now() - monitor_started_ < monitor_start_time;
    monitor_failures_ = is_early ? monitor_failures_ + 1 : 0;
    if (monitor_failures_ >= monitor_failures_max) {
        log::error("lab: its monitor ends as soon as it is started, and stays away: {}", why);
        return;
    }
    log::warning("lab: its monitor has ended, and is started again: {}", why);
    if (auto started = start_monitor(); !started) log::error("lab: {}", started.error().message);
}

void Daemon::look_for_overdue() {
    population_->end_overdue(Wall::now());
    overdue_timer_.start(overdue_interval, [this] { look_for_overdue(); });
}

wire::HttpResponse Daemon::interrupt_spot(const std::string& body) {
    const auto order = json::parse_object(body).value_or(json::Object{});
    const std::string name(json::string_at(order, "instance"));
    const std::string id = population_->instance_named(name);
    const Millis notice(json::integer_at(order, "notice_ms"));
    const WallTime now = Wall::now();
    const auto answered = [](int status, json::Object object) {
        return wire::HttpResponse{status,
                                  {{"Content-Type", "application/json"}},
                                  json::text(json::Value(std::move(object)))};
    };
    if (population_->process_of(id) == 0 || !cloud_.home().ec2.interrupt(id, now + notice, now))
        return answered(404,
                        {{"error", fmt::format("no EC2 instance '{}' runs in this lab", name)}});
    return answered(200, {{"instance", id}, {"time", rfc3339_seconds(now + notice)}});
}

Result<void> Daemon::save_state() {
    state_.hosts = population_->processes();
    return state_.save(paths_);
}

json::Object Daemon::describe() {
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
            {"runtime", name_of(options_.runtime)},
            {"account", account},
            {"pid", ::getpid()},
            {"ready", ready_},
            {"api", describe_api(cloud_, Wall::now())},
            {"instances", population_->describe()},
            {"virtual_instances", population_->describe_virtual()},
            {"services", std::move(services)},
            {"load_balancers", cloud_.home().elb.describe()}};
}

void Daemon::handle_control(const wire::HttpRequest& request, transport::Responder responder) {
    const auto [path, query] = split_once(request.target, '?');
    const auto json_answer = [&](const json::Value& value) {
        responder.respond({200, {{"Content-Type", "application/json"}}, json::text(value)});
    };
    if (request.method == "GET" && path == "/status") return json_answer(describe());
    if (request.method == "GET" && (path == "/events" || path == "/mail")) {
        const auto parameters = wire::QueryParameters::parse(query);
        const auto given = parameters ? to_integer(parameters->get("after")).value_or(0) : 0;
        const auto after = static_cast<std::uint64_t>(std::max<std::int64_t>(0, given));
        return json_answer(path == "/mail" ? cloud_.mailbox().after(after)
                                           : cloud_.home().ecs.events().after(after));
    }
    if (request.method == "POST" && path == "/api/spot")
        return responder.respond(interrupt_spot(request.body));
    if (request.method == "POST" && path.starts_with("/breaks/"))
        return breaks::answer_breaks_control(*breaks_, *population_, request, std::move(responder));
    if (path == "/api" || path.starts_with("/api/"))
        return responder.respond(answer_api_control(cloud_, request, Wall::now()));
    if (request.method == "POST" && path == "/down") {
        responder.respond({202, {}, ""});
        return loop_.post([this] { loop_.stop(); });
    }
    responder.respond({404, {}, ""});
}

} // namespace squall::lab
