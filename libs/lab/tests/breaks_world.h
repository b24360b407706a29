// The hosts, the ways and the lab that the tests of what `squall lab break` breaks work on.
#pragma once

#include "breaks/breaks.h"
#include "lab_world.h"

#include <algorithm>
#include <future>
#include <set>
#include <thread>

namespace squall::lab::breaks {

inline constexpr const char* host = "i-00000000000000001";
inline constexpr const char* neighbour = "i-00000000000000002";

// Hosts that do what scripts say in no time, and remember that they did.
class FakeHosts final : public Hosts {
public:
    explicit FakeHosts(transport::Loop& loop) : loop_(loop) {}

    std::unique_ptr<Chore> run(const std::string& instance_id,
                               const std::string& script,
                               std::function<void(Chore::Ended)> done) override {
        ran.push_back(instance_id + ": " + script);
        if (on_agent_start && script.find("unit start ecs") != std::string::npos) on_agent_start();
        const bool fails = !failing.empty() && script.find(failing) != std::string::npos;
        loop_.post([done = std::move(done), fails] {
            done(fails ? Chore::Ended{1, "first\nno such thing\n"}
                       : Chore::Ended{0, "as it was\n"});
        });
        return nullptr;
    }

    bool is_up(const std::string&) const override { return true; }

    bool is_gone(const std::string& instance_id) const override { return gone == instance_id; }

    std::size_t count(std::string_view part) const {
        return static_cast<std::size_t>(
            std::count_if(ran.begin(), ran.end(), [&](const std::string& one) {
                return one.find(part) != std::string::npos;
            }));
    }

    std::function<void()> on_agent_start;
    std::vector<std::string> ran;
    std::string failing; // scripts with this in them
    std::string gone;

private:
    transport::Loop& loop_;
};

// Remembers which ways are closed.
class FakeWays final : public Ways {
public:
    Result<void> close(const std::string& from, const std::string& address) override {
        closed.insert(from + " to " + address);
        return {};
    }

    Result<void> open(const std::string& from, const std::string& address) override {
        const auto found = closed.find(from + " to " + address);
        EXPECT_TRUE(found != closed.end());
        if (found != closed.end()) closed.erase(found);
        return {};
    }

    std::multiset<std::string> closed;
};

class BreaksTest : public ::testing::Test {
protected:
    BreaksTest() {
        for (const char* id : {host, neighbour}) {
            ec2::Instance instance;
            instance.id = id;
            world.cloud().home().ec2.launch(instance, world.now);
            instances.push_back(std::make_unique<FakeInstance>(world, id));
            instances.back()->connect();
        }
    }

    using Order = std::function<void(Breaks::Answered)>;

    ~BreaksTest() override {
        loop.stop();
        thread.join();
    }

    // On the loop's thread; between two questions nothing happens there.
    Result<json::Object> ask(const Order& order) {
        std::promise<Result<json::Object>> answer;
        loop.post([&] {
            order([&](Result<json::Object> said) {
                loop.post([&answer, said = std::move(said)] { answer.set_value(said); });
            });
        });
        auto future = answer.get_future();
        EXPECT_EQ(future.wait_for(Seconds(60)), std::future_status::ready);
        return future.get();
    }

    Result<json::Object> make(const std::string& cause, const std::string& id = host) {
        return ask([&](auto answered) { breaks.make(cause, id, {}, answered); });
    }

    Result<json::Object> make_random(std::uint64_t seed) {
        return ask([&](auto answered) { breaks.make_random(seed, host, {}, answered); });
    }

    Result<json::Object> mend(const std::string& id = host) {
        return ask([&](auto answered) { breaks.mend(id, answered); });
    }

    std::vector<std::string> shown() {
        std::vector<std::string> names;
        const json::Object all = breaks.show();
        for (const auto& one : json::array_at(all, "broken"))
            names.emplace_back(json::string_at(one, "cause"));
        return names;
    }

    ec2::Instance& ec2() { return world.cloud().home().ec2.all.at(host); }

    LabWorld world;
    std::vector<std::unique_ptr<FakeInstance>> instances;
    transport::Loop loop;
    FakeHosts hosts{loop};
    FakeWays ways;
    Breaks breaks{{loop, world.cloud(), hosts, ways}};
    std::thread thread{[this] {
        loop.run();
    }};
};

} // namespace squall::lab::breaks
