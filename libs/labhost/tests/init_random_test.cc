// Whatever happens in whatever order: no impossible state, no second main process, and a shutdown
// that ends.
#include "init_fakes.h"

#include <gtest/gtest.h>

#include <random>

namespace squall::labhost::init {
namespace {

const std::vector<std::string> names{
    "base.service", "part.service", "bound.service", "needs.service", "once.service", "late.timer"};

void add_units(FakeHost& host) {
    host.add("base.service",
             "[Unit]\nStartLimitBurst=50\n"
             "[Service]\nRestart=always\nRestartSec=2\nTimeoutStopSec=3\nExecStart=/parent\n"
             "ExecStop=/sleep 1\n");
    host.add("part.service",
             "[Unit]\nPartOf=base.service\nAfter=base.service\n"
             "[Service]\nRestart=on-failure\nRestartSec=1\nTimeoutStartSec=5\nTimeoutStopSec=2\n"
             "ExecStartPre=/sleep 1\nExecStart=/stubborn\nExecStartPost=/sleep 1\n"
             "ExecStopPost=/sleep 1\n");
    host.add("bound.service",
             "[Unit]\nBindsTo=base.service\nAfter=base.service\n"
             "[Service]\nKillMode=mixed\nExecStart=/parent\nExecStopPost=-/false\n");
    host.add("needs.service",
             "[Unit]\nRequires=part.service base.service\nAfter=part.service\nBefore=once.service\n"
             "[Service]\nKillMode=process\nRestart=on-abnormal\nExecStart=/daemon\n");
    host.add(
        "once.service",
        "[Unit]\nWants=needs.service\n"
        "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/sleep 1\nExecStart=/sleep 2\n"
        "ExecStop=/false\n");
    host.add("late.timer", "[Timer]\nOnActiveSec=3\nAccuracySec=1\nUnit=once.service\n");
}

void expect_possible(FakeHost& host) {
    for (const auto& [name, unit] : host.supervisor.units()) {
        const Service* service = unit->service();
        if (service == nullptr) continue;
        const bool has_main = service->main_pid() != 0;
        const bool has_control = service->control_pid() != 0;
        switch (service->state()) {
        case ServiceState::dead:
        case ServiceState::failed:
        case ServiceState::auto_restart:
        case ServiceState::exited:
            EXPECT_FALSE(has_main || has_control) << name << " " << host.state(name);
            break;
        case ServiceState::running:
            EXPECT_TRUE(has_main && !has_control) << name;
            break;
        case ServiceState::start_pre:
            EXPECT_TRUE(has_control && !has_main) << name;
            break;
        case ServiceState::start:
            EXPECT_TRUE(has_main && !has_control) << name;
            break;
        case ServiceState::start_post:
        case ServiceState::stop:
        case ServiceState::stop_post:
            EXPECT_TRUE(has_control) << name << " " << host.state(name);
            break;
        default: // the signal states wait for a process, or for the group
            EXPECT_LT(service->next_deadline(), SteadyTime::max())
                << name << " " << host.state(name);
        }
        const bool waits = service->state() == ServiceState::auto_restart;
        EXPECT_TRUE(!waits || service->next_deadline() < SteadyTime::max()) << name;
        // One main process at a time: processes of an older start are not children any more, or
        // were left behind on purpose (KillMode=process).
        int mains = 0;
        for (const auto& [pid, process] : host.machine.processes())
            if (process.what.unit == name && process.what.role == CommandRole::start
                && process.is_child_of_service)
                ++mains;
        EXPECT_LE(mains, 1) << name;
    }
}

void do_something(FakeHost& host, std::mt19937& random) {
    const auto pick = [&](std::size_t count) {
        return random() % count;
    };
    const std::string& name = names[pick(names.size())];
    switch (pick(8)) {
    case 0:
    case 1:
        (void)host.supervisor.request(Verb::start, name, host.now(), [](JobResult) {});
        break;
    case 2:
        (void)host.supervisor.request(Verb::stop, name, host.now(), [](JobResult) {});
        break;
    case 3:
        (void)host.supervisor.request(
            pick(2) == 0 ? Verb::restart : Verb::try_restart, name, host.now(), [](JobResult) {});
        break;
    case 4: {
        const auto& processes = host.machine.processes();
        if (processes.empty()) break;
        auto chosen = processes.begin();
        std::advance(chosen, static_cast<std::ptrdiff_t>(pick(processes.size())));
        const int code = static_cast<int>(pick(3));
        host.machine.end_process(chosen->first,
                                 code == 2 ? ProcessExit{ProcessExit::How::killed, SIGKILL}
                                           : ProcessExit{ProcessExit::How::exited, code});
        host.run();
        break;
    }
    case 5:
        (void)host.supervisor.kill(name, Whom::all, pick(2) == 0 ? SIGKILL : SIGTERM, host.now());
        break;
    case 6:
        if (pick(4) == 0) host.supervisor.reload(host.now());
        if (pick(4) == 0) (void)host.supervisor.reset_failed(name, host.now());
        break;
    default:
        host.pass(Millis(pick(4000)));
    }
}

TEST(AnySequenceOfEvents, LeavesEveryUnitInAPossibleStateAndEndsInAShutdown) {
    // Fixed seeds: a failure can be repeated, and says with which.
    for (std::uint32_t seed = 1; seed <= 120; ++seed) {
        SCOPED_TRACE(fmt::format("seed {}", seed));
        std::mt19937 random(seed);
        FakeHost host;
        add_units(host);
        for (int step = 0; step < 200; ++step) {
            do_something(host, random);
            expect_possible(host);
            if (testing::Test::HasFailure()) return;
        }
        host.supervisor.begin_shutdown(host.now());
        host.pass(Seconds(60));
        EXPECT_TRUE(host.supervisor.is_idle());
        for (const auto& [name, unit] : host.supervisor.units())
            EXPECT_TRUE(unit->is_at_rest()) << name << " " << host.state(name);
        if (testing::Test::HasFailure()) return;
    }
}

TEST(AnySequenceOfEvents, LeavesNoJobBehind) {
    for (std::uint32_t seed = 1001; seed <= 1050; ++seed) {
        SCOPED_TRACE(fmt::format("seed {}", seed));
        std::mt19937 random(seed);
        FakeHost host;
        add_units(host);
        for (int step = 0; step < 100; ++step)
            do_something(host, random);
        host.pass(Seconds(600));
        for (const auto& [name, unit] : host.supervisor.units())
            EXPECT_FALSE(unit->job.has_value()) << name << " " << host.state(name);
        if (testing::Test::HasFailure()) return;
    }
}

} // namespace
} // namespace squall::labhost::init
