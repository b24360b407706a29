// A cluster that behaves, wired to the library as `main` does it, and what a test sees of a run.
#pragma once

#include "fake_cluster.h"
#include "squall/base/temporary_folder.h"
#include "squall/experiment/runner.h"

namespace squall::experiment {

// A journal in a folder of its own.
class TemporaryJournal {
public:
    TemporaryJournal() : journal(Journal::open(folder_ / "journal.db").value()) {}

    [[nodiscard]] const Path& folder() const { return folder_.path(); }

private:
    TemporaryFolder folder_;

public:
    std::optional<Journal> journal;
};

class EventList final : public EventSink {
public:
    void on_event(const Event& event) override {
        events.push_back(event);
        if (watcher) watcher(event);
    }

    [[nodiscard]] std::vector<std::string> kinds_of(const std::string& target) const {
        std::vector<std::string> kinds;
        for (const auto& event : events) {
            if (event.target == target) kinds.push_back(event.kind);
        }
        return kinds;
    }

    [[nodiscard]] int count(const std::string& kind) const {
        return static_cast<int>(std::count_if(
            events.begin(), events.end(), [&](const Event& event) { return event.kind == kind; }));
    }

    std::vector<Event> events;
    std::function<void(const Event&)> watcher;
};

// All of it, wired: what main does, in memory.
class TestWorld {
public:
    explicit TestWorld(int hosts = 3)
        : aws(clock, hosts),
          traffic(1),
          credentials(aws::Credentials{{"AKID", "secret", ""}, {}, "test"}),
          endpoints(aws::Endpoints::resolve(
                        "us-east-1",
                        aws::Environment({{"AWS_ENDPOINT_URL", "http://127.0.0.1:4747"}}),
                        config())
                        .value()),
          client({aws, credentials, traffic, clock}, endpoints),
          ecs(client),
          ssm(client),
          sts(client),
          cloudwatch(client),
          event_buses(client),
          world{ecs,
                ssm,
                sts,
                cloudwatch,
                event_buses,
                clock,
                "us-east-1",
                "http://127.0.0.1:4747",
                [this] {
                    return client.call_counts();
                }},
          fault(make_ecs_agent_stop()) {}

    [[nodiscard]] TunableValues values(RawValues given) const {
        given.try_emplace("CLUSTER_NAME", RawValue{"demo", "test"});
        given.try_emplace("REGION", RawValue{"us-east-1", "test"});
        return check_tunables(fault->description().tunables,
                              given,
                              "the experiment",
                              [](const std::string&) { return std::nullopt; })
            .value();
    }

    Result<Plan> try_plan(RawValues given = {}) {
        return fault->plan(world, values(std::move(given)), Deadline::never(), {});
    }

    Plan plan(RawValues given = {}) { return try_plan(std::move(given)).value(); }

    RunResult run(const Plan& the_plan, const std::string& id = "r-test") {
        Runner runner(
            world, *files.journal, *fault, {&events}, {abort.get_token(), quit.get_token()});
        return runner.run(id, the_plan);
    }

    static aws::SharedConfig config() {
        return aws::SharedConfig::load(aws::Environment(aws::Environment::Variables{})).value();
    }

    VirtualClock clock;
    FakeAws aws;
    aws::Traffic traffic;
    aws::FixedCredentials credentials;
    aws::Endpoints endpoints;
    aws::Client client;
    aws::Ecs ecs;
    aws::Ssm ssm;
    aws::Sts sts;
    aws::CloudWatch cloudwatch;
    aws::Events event_buses;
    World world;
    std::unique_ptr<Fault> fault;
    TemporaryJournal files;
    EventList events;
    std::stop_source abort;
    std::stop_source quit;
};

[[nodiscard]] inline RawValues duration(int seconds) {
    return {{"TOTAL_CHAOS_DURATION", {std::to_string(seconds), "test"}}};
}

[[nodiscard]] inline bool all_agents_run(TestWorld& test) {
    return std::all_of(test.aws.hosts().begin(), test.aws.hosts().end(), [](const auto& entry) {
        return entry.second.agent_running && entry.second.held_by.empty();
    });
}

inline void let_pass(TestWorld& test, Seconds time) { test.clock.wait_for(time, {}); }

} // namespace squall::experiment
