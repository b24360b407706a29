#include "fake_host.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <condition_variable>

namespace squall::host {
namespace {

using State = doctor::Look::State;

TEST(Checkup, FindsNothingOnAHostThatIsWell) {
    FakeHost host;
    const auto looks = check_up(host.ground(), Deadline::in(Seconds(10)));
    for (const auto& look : looks) {
        EXPECT_NE(look.state, State::finding) << look.check << ": " << look.summary;
        EXPECT_FALSE(look.check.empty());
        EXPECT_FALSE(look.summary.empty());
    }
    EXPECT_EQ(host.look("docker").state, State::healthy);
    EXPECT_EQ(host.look("imds").state, State::healthy);
    EXPECT_EQ(host.look("introspection").state, State::healthy);
}

// A program that never ends, whatever it is told: as a file system whose server is gone.
struct Stuck {
    std::mutex mutex;
    std::condition_variable changed;
    bool is_over = false;
    int left = 0;
};

TEST(Checkup, EndsAtItsDeadlineThoughAProgramHangs) {
    FakeHost host;
    // shared_ptr: the thread outlives the checkup.
    const auto stuck = std::make_shared<Stuck>();
    host.ground().run = [stuck](const Command&, Deadline) -> Result<Finished> {
        std::unique_lock lock(stuck->mutex);
        ++stuck->left;
        stuck->changed.wait(lock, [&] { return stuck->is_over; });
        --stuck->left;
        stuck->changed.notify_all();
        return Finished{};
    };
    const auto looks = check_up(host.ground(), Deadline::in(Millis(400)));
    const auto late = std::find_if(
        looks.begin(), looks.end(), [](const auto& look) { return look.check == "ecs-service"; });
    ASSERT_NE(late, looks.end());
    EXPECT_EQ(late->state, State::could_not_look);
    EXPECT_EQ(late->summary.rfind("did not answer within ", 0), 0U) << late->summary;
    EXPECT_EQ(late->how, "systemctl status ecs");
    EXPECT_GT(late->took, Millis(0));
    // The others have answered.
    EXPECT_TRUE(std::any_of(looks.begin(), looks.end(), [](const auto& look) {
        return look.check == "docker" && look.state == State::healthy;
    }));
    std::unique_lock lock(stuck->mutex);
    stuck->is_over = true;
    stuck->changed.notify_all();
    stuck->changed.wait(lock, [&] { return stuck->left == 0; });
}

TEST(Checkup, IsNotHeldUpByAConfigurationThatCannotBeReadToItsEnd) {
    FakeHost host;
    host.remove("/etc/ecs/ecs.config");
    const std::string path = host.path("/etc/ecs/ecs.config").string();
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    const auto looks = check_up(host.ground(), Deadline::in(Seconds(10)));
    for (const auto& look : looks) {
        EXPECT_EQ(look.summary.find("did not answer"), std::string::npos) << look.check;
        EXPECT_NE(look.state, State::finding) << look.check << ": " << look.summary;
    }
    // Lets the reader go.
    const Fd writer(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
    EXPECT_TRUE(writer);
}

TEST(Checkup, OfAMachineWithoutAnAgentSaysThatAndNothingElse) {
    FakeHost host;
    for (const char* trace : {"/etc/ecs", "/var/lib/ecs"})
        std::filesystem::remove_all(host.path(trace));
    // Something answers at the agent's port: it is there, whatever its files are.
    EXPECT_GT(check_up(host.ground(), Deadline::in(Seconds(10))).size(), 1U);
    host.ground().introspection_url = "http://127.0.0.1:1";
    const auto looks = check_up(host.ground(), Deadline::in(Seconds(10)));
    ASSERT_EQ(looks.size(), 1U);
    EXPECT_TRUE(is_without_agent(looks.front()));
    // A container of its name is a trace, too.
    host.docker["/containers/ecs-agent/json"] = {200, {}, R"({"State":{"Status":"exited"}})"};
    EXPECT_GT(check_up(host.ground(), Deadline::in(Seconds(10))).size(), 1U);
}

TEST(Checkup, SaysOfAProgramThatIsNotThereThatItCouldNotLook) {
    FakeHost host;
    host.ground().run = [](const Command&, Deadline) -> Result<Finished> {
        return fail(Errc::not_found, "starting systemctl: No such file or directory");
    };
    const auto look = host.look("ecs-service");
    EXPECT_EQ(look.state, State::could_not_look);
    EXPECT_EQ(look.summary, "starting systemctl: No such file or directory");
}

} // namespace
} // namespace squall::host
