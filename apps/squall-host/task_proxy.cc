#include "task_proxy.h"

#include "control.h"
#include "counts.h"
#include "keeper.h"
#include "process.h"
#include "squall/base/log.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"
#include "squall/net/tcp.h"
#include "squall/redirect/existing.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

namespace squall::host_app {
namespace {

// Of our own sockets, where they must be told from others': no bit of it is one that Kubernetes,
// Calico, Cilium, Tailscale or the VPC CNI plugin use.
constexpr std::uint32_t own_mark = 0x51;
// A handshake that began before the end may come to its end after it: one retransmission.
constexpr Millis door_stays_open{1500};
constexpr Seconds keeper_patience{2};

enum class State { armed, draining, ended };

// What ended it: a word for programs, and what people read.
struct Ending {
    const char* by = nullptr;
    const char* why = nullptr;
};

constexpr Ending by_time{"time", "its time was over"};
constexpr Ending by_stop{"stop", "it was stopped"};
constexpr Ending by_signal{"signal", "it was told to end by a signal"};
constexpr Ending by_container{"container", "the container has ended"};

std::string_view word_of(State state) {
    return state == State::armed ? "armed" : state == State::draining ? "draining" : "ended";
}

std::string table_of(const ProxyTarget& target, const ProxyOrder& order) {
    std::string name = fmt::format("squall_{}_{}", target.place.run, order.ports.front());
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}

class TaskProxy {
public:
    TaskProxy(const ProxyTarget& target, const ProxyOrder& order, int out, bool tells_all)
        : target_(target), order_(order), out_(out), tells_all_(tells_all) {}

    Result<void> begin();
    void serve();

private:
    [[nodiscard]] Result<void> listen(proxy::Settings& settings);
    [[nodiscard]] Result<void> look_for_others() const;
    [[nodiscard]] Result<void> choose_interface();
    [[nodiscard]] redirect::Wanted wanted(bool is_host) const;
    [[nodiscard]] Result<void> arm(const redirect::Wanted& wanted);
    [[nodiscard]] Result<void> watch();
    [[nodiscard]] json::Object to_json() const;

    // Unless something else came first.
    void end_by(Ending ending) {
        if (ending_.by == nullptr) ending_ = ending;
    }

    void serve_until(std::optional<SteadyTime> end);
    void renew();
    // What is known of it when it dies.
    void keep_record();
    void disarm();
    void drain();
    [[nodiscard]] std::string answer(std::string_view question);
    // Where the kernel has no pidfd (before Linux 5.3).
    [[nodiscard]] bool has_container_ended() const;

    const ProxyTarget& target_;
    const ProxyOrder& order_;
    int out_;
    bool tells_all_;

    State state_ = State::armed;
    Ending ending_;
    std::string interface_;
    std::size_t reset_existing_ = 0;
    std::uint64_t lease_lapses_ = 0;
    std::string record_;      // as it was last written
    bool is_stopped_ = false; // told to
    bool is_cut_ = false;     // told so twice, or by its container's end
    Seconds drain_{0};

    std::unique_ptr<fault::FaultSet> faults_;
    std::unique_ptr<redirect::Interception> interception_;
    std::unique_ptr<proxy::Proxy> proxy_;
    std::optional<Keeper> keeper_;
    std::optional<ControlSocket> control_;
    std::optional<net::Epoll> events_; // signals, control, the container's end
    Fd signals_;
    Fd container_;
};

Result<void> TaskProxy::listen(proxy::Settings& settings) {
    for (const int family : {AF_INET, AF_INET6}) {
        auto listener = net::listen_transparent(family, order_.proxy_port, settings.mark);
        if (listener) {
            settings.listeners.push_back(std::move(*listener));
            continue;
        }
        // A namespace without IPv6 has nothing of it to take.
        if (family == AF_INET6 && listener.error().code == Errc::not_found) continue;
        if (listener.error().code == Errc::conflict)
            return fail(Errc::conflict,
                        "port {} is in use in the container's network: choose another PROXY_PORT",
                        order_.proxy_port);
        return fail(listener.error());
    }
    return {};
}

// Two proxies on one port would each take what the other one has.
Result<void> TaskProxy::look_for_others() const {
    for (const ProxyPlace& place : places("")) {
        const auto answer = ask(place.socket(), "status", Millis(500));
        if (!answer || answer->text.empty()) continue;
        const auto other = json::parse_object(answer->text);
        if (!other
            || json::integer_at(*other, "network")
                   != static_cast<std::int64_t>(target_.network.number())
            || json::string_at(*other, "state") != "armed")
            continue;
        for (const auto& port : json::array_at(*other, "ports")) {
            const auto number = port.to_number<std::uint16_t>();
            if (std::find(order_.ports.begin(), order_.ports.end(), number) == order_.ports.end())
                continue;
            return fail(Errc::conflict,
                        "run {} has port {} of this container until {}: wait, or stop it with "
                        "squall-host stop --run {}",
                        place.run,
                        number,
                        json::string_at(*other, "until", "it is stopped"),
                        place.run);
        }
    }
    return {};
}

Result<void> TaskProxy::watch() {
    auto events = net::Epoll::make();
    if (!events) return fail(events.error());
    events_.emplace(std::move(*events));
    signals_ = signals_to_end();
    bool is_watched =
        events_->add(signals_.get(), EPOLLIN) && events_->add(control_->fd(), EPOLLIN);
    if (target_.pid > 0) {
        container_ = Fd(static_cast<int>(::syscall(SYS_pidfd_open, target_.pid, 0)));
        if (container_) is_watched = events_->add(container_.get(), EPOLLIN) && is_watched;
    }
    if (is_watched) return {};
    return fail(Errc::failed, "watching for signals: {}", errno_text(errno));
}

Result<void> TaskProxy::choose_interface() {
    interface_ = order_.interface;
    const auto known = redirect::interfaces();
    if (interface_ == "auto") {
        auto primary = redirect::primary_interface();
        if (!primary) return fail(primary.error());
        interface_ = *primary;
    } else if (interface_ != "any"
               && std::find(known.begin(), known.end(), interface_) == known.end()) {
        return fail(Errc::not_found,
                    "there is no interface {} in the container's network; there is: {}",
                    interface_,
                    join(known, ", "));
    }
    return {};
}

redirect::Wanted TaskProxy::wanted(bool is_host) const {
    redirect::Wanted wanted;
    wanted.table = table_of(target_, order_);
    wanted.interface = interface_ == "any" ? "" : interface_;
    wanted.ports = order_.ports;
    wanted.proxy_port = order_.proxy_port;
    wanted.only_local = is_host;
    wanted.also_bridges = is_host && interface_ == "any";
    wanted.exempt = order_.exempt;
    // Over lo come our own connections to the application, too.
    if (interface_ == "any" || interface_ == "lo") wanted.mark = own_mark;
    return wanted;
}

Result<void> TaskProxy::arm(const redirect::Wanted& wanted) {
    // The keeper is there before there is anything to remove; while it does not know what that is,
    // it removes whatever it finds of ours.
    auto keeper = Keeper::start([wanted](int note) {
        constexpr auto iptables = redirect::Kind::iptables;
        // One look for a table costs nothing; the iptables programs load what they ask for.
        static_cast<void>(redirect::remove_left(redirect::Kind::tproxy_lease, wanted));
        if (note == Keeper::no_note || note == static_cast<int>(iptables))
            static_cast<void>(redirect::remove_left(iptables, wanted));
    });
    if (!keeper) return fail(keeper.error());
    keeper_.emplace(std::move(*keeper));
    auto interception = redirect::Interception::arm(wanted, order_.only);
    if (!interception) return fail(interception.error());
    interception_ = std::move(*interception);
    keeper_->note(static_cast<int>(interception_->kind()));
    if (order_.end) keeper_->kill_at(*order_.end + order_.drain + keeper_patience);
    if (!order_.resets_existing) return {};
    const auto count = redirect::reset_connections(order_.ports, own_mark);
    if (!count) return fail(count.error());
    reset_existing_ = *count;
    return {};
}

Result<void> TaskProxy::begin() {
    if (auto others = look_for_others(); !others) return others;
    auto faults = fault::FaultSet::make(order_.faults, order_.seed);
    if (!faults) return fail(faults.error());
    faults_ = std::move(*faults);
    // The control socket's path is of the host, whose file system we keep.
    auto control = ControlSocket::open(target_.place.socket());
    if (!control) return fail(control.error());
    control_.emplace(std::move(*control));
    const auto host = redirect::NetworkNamespace::of_process(::getpid());
    if (!host) return fail(host.error());
    if (auto entered = target_.network.enter(); !entered) return entered;
    if (order_.resets_existing) {
        if (auto can = redirect::can_reset_connections(); !can) return can;
    }
    if (auto chosen = choose_interface(); !chosen) return chosen;
    const redirect::Wanted wanted = this->wanted(target_.network.number() == host->number());

    proxy::Settings settings;
    settings.mark = wanted.mark != 0 || order_.resets_existing ? own_mark : 0;
    settings.door_stays_open = door_stays_open;
    settings.forwarded_header = order_.forwarded_header;
    if (auto listening = listen(settings); !listening) return listening;
    raise_descriptor_limit();
    auto proxy = proxy::Proxy::open(std::move(settings), *faults_);
    if (!proxy) return fail(proxy.error());
    proxy_ = std::move(*proxy);
    if (auto watched = watch(); !watched) return watched;
    if (auto armed = arm(wanted); !armed) return armed;
    drain_ = order_.drain;
    keep_record();
    json::Object armed = to_json();
    armed["event"] = "armed";
    tell(out_, armed);
    return {};
}

json::Object TaskProxy::to_json() const {
    json::Array ports;
    for (const std::uint16_t port : order_.ports)
        ports.push_back(port);
    json::Object object{{"run", target_.place.run},
                        {"task", target_.place.name},
                        {"container", target_.container},
                        {"container_name", target_.container_name},
                        {"pid", ::getpid()},
                        {"network", target_.network.number()},
                        {"interface", interface_},
                        {"ports", std::move(ports)},
                        {"proxy_port", order_.proxy_port},
                        {"intercept", redirect::word_of(interception_->kind())},
                        {"list",
                         fmt::format("nsenter --net=/proc/{}/ns/net {}",
                                     ::getpid(),
                                     interception_->list_command())},
                        {"seed", order_.seed},
                        {"state", word_of(state_)},
                        {"connections", proxy_->connections()},
                        {"reset_existing", reset_existing_},
                        {"lease_lapses", lease_lapses_},
                        {"counts", without_zeros(json_of(proxy_->counts()))}};
    if (const auto& canary = proxy_->counted_apart(); canary.accepted > 0)
        object["canary"] = json::Object{{"met", canary.hits() > 0}};
    if (order_.end_text) object["until"] = rfc3339_seconds(*order_.end_text);
    if (ending_.by != nullptr) {
        object["ended_by"] = ending_.by;
        object["why"] = ending_.why;
    }
    return object;
}

std::string TaskProxy::answer(std::string_view question) {
    const auto [word, argument] = split_once(question, ' ');
    if (word == "stop") {
        if (const auto seconds = to_integer(argument)) drain_ = Seconds(*seconds);
        end_by(by_stop);
        is_stopped_ = true;
    } else if (word == "canary") {
        if (const auto client = net::Address::parse(argument)) proxy_->count_apart(*client);
    }
    return json::text(to_json());
}

bool TaskProxy::has_container_ended() const {
    return target_.pid > 0 && !container_ && ::kill(target_.pid, 0) != 0 && errno == ESRCH;
}

void TaskProxy::serve_until(std::optional<SteadyTime> end) {
    proxy_->serve(end, events_->fd());
    for (const auto& event : events_->wait(Steady::now())) {
        if (net::fd_of(event) == signals_.get()) {
            take_signal(signals_.get());
            is_cut_ = is_stopped_;
            is_stopped_ = true;
            end_by(by_signal);
        } else if (net::fd_of(event) == container_.get()) {
            is_stopped_ = is_cut_ = true;
            ending_ = by_container;
            events_->remove(container_.get());
        } else {
            control_->serve([this](std::string_view question) { return answer(question); });
        }
    }
}

void TaskProxy::renew() {
    const auto renewed = interception_->renew();
    if (!renewed) {
        if (lease_lapses_++ == 0) log::print("squall-host: {}\n", renewed.error().message);
    }
    if (has_container_ended()) {
        is_stopped_ = is_cut_ = true;
        ending_ = by_container;
    }
    keep_record();
}

void TaskProxy::keep_record() {
    json::Object known = to_json();
    known["keeper"] = keeper_->pid();
    std::string text = json::text(known);
    if (text == record_) return;
    record_ = std::move(text);
    if (auto written = write_file(target_.place.record(), record_ + "\n"); !written)
        log::print("squall-host: {}\n", written.error().message);
}

void TaskProxy::serve() {
    SteadyTime renewal = Steady::now() + redirect::lease_renewal;
    while (!is_stopped_ && !(order_.end && Steady::now() >= *order_.end)) {
        serve_until(order_.end ? std::min(renewal, *order_.end) : renewal);
        if (Steady::now() < renewal) continue;
        renewal = Steady::now() + redirect::lease_renewal;
        renew();
    }
    end_by(by_time);
    disarm();
    drain();
}

void TaskProxy::disarm() {
    const auto disarmed = interception_->disarm();
    if (!disarmed) log::print("squall-host: {}\n", disarmed.error().message);
    state_ = State::draining;
    proxy_->disarm();
    keeper_->kill_at(Steady::now() + drain_ + keeper_patience);
    if (tells_all_) tell(out_, {{"event", "disarmed"}, {"connections", proxy_->connections()}});
}

void TaskProxy::drain() {
    const SteadyTime begun = Steady::now();
    while (!is_cut_ && !proxy_->is_over() && Steady::now() < begun + drain_)
        serve_until(begun + drain_);
    state_ = State::ended;
    json::Object last = to_json();
    last["cut_off"] = proxy_->connections();
    last["keeper"] = keeper_->pid();
    if (auto written = write_file(target_.place.record(), json::text(last) + "\n"); !written)
        log::print("squall-host: {}\n", written.error().message);
    last["event"] = "end";
    if (tells_all_) tell(out_, last);
    proxy_.reset();
    interception_.reset();
}

} // namespace

Result<void>
run_proxy(const ProxyTarget& target, const ProxyOrder& order, int out, bool tells_all) {
    TaskProxy proxy(target, order, out, tells_all);
    if (auto begun = proxy.begin(); !begun) return begun;
    proxy.serve();
    return {};
}

} // namespace squall::host_app
