#include "init_fakes.h"

#include <gtest/gtest.h>

namespace squall::labhost::init {
namespace {

// What systemd-run --on-active makes of its arguments.
class TransientTimer : public testing::Test {
protected:
    void arm(const std::string& timer_settings, const std::string& program = "/sleep 1") {
        host.add("undo.timer", "[Timer]\nRemainAfterElapse=no\nOnActiveSec=30\n" + timer_settings);
        host.add("undo.service", "[Service]\nExecStart=" + program + "\n");
        host.units.transient = {"undo.timer", "undo.service"};
        ASSERT_TRUE(host.supervisor.adopt("undo.service"));
        ASSERT_EQ(host.ask(Verb::start, "undo.timer"), "done");
        ASSERT_EQ(host.state("undo.timer"), "active (waiting)");
    }

    FakeHost host;
};

TEST_F(TransientTimer, FiresAtTheLastMomentItsAccuracyAllows) {
    arm("AccuracySec=100ms\n");
    host.pass(Millis(30'099));
    EXPECT_EQ(host.state("undo.service"), "inactive (dead)");
    host.pass(Millis(1));
    EXPECT_EQ(host.state("undo.service"), "active (running)");
    EXPECT_EQ(host.state("undo.timer"), "active (running)");
}

TEST_F(TransientTimer, IsAMinuteLateWithoutAccuracy) {
    arm("");
    host.pass(Millis(89'999));
    EXPECT_EQ(host.state("undo.timer"), "active (waiting)");
    host.pass(Millis(1));
    EXPECT_EQ(host.state("undo.service"), "active (running)");
}

TEST_F(TransientTimer, IsForgottenTogetherWithItsServiceWhenThatHasRun) {
    arm("AccuracySec=1s\n");
    host.pass(Seconds(31));
    ASSERT_EQ(host.state("undo.service"), "active (running)");
    host.pass(Seconds(1));
    EXPECT_EQ(host.state("undo.timer"), "not loaded");
    EXPECT_EQ(host.state("undo.service"), "not loaded");
    EXPECT_TRUE(host.units.texts.empty());
}

TEST_F(TransientTimer, IsForgottenAtOnceWhenItIsStopped) {
    arm("");
    EXPECT_EQ(host.ask(Verb::stop, "undo.timer"), "done");
    EXPECT_EQ(host.state("undo.timer"), "not loaded");
    EXPECT_EQ(host.state("undo.service"), "not loaded");
    host.pass(Seconds(600));
    EXPECT_TRUE(host.started().empty());
}

TEST_F(TransientTimer, LeavesAServiceThatFailedToBeLookedAt) {
    arm("AccuracySec=1s\n", "/false");
    host.pass(Seconds(40));
    EXPECT_EQ(host.state("undo.timer"), "not loaded");
    EXPECT_EQ(host.state("undo.service"), "failed (failed)");
    ASSERT_TRUE(host.supervisor.reset_failed("undo.service", host.now()));
    EXPECT_EQ(host.state("undo.service"), "not loaded");
}

TEST_F(TransientTimer, GoesAwayWhenItsServiceCannotBeStarted) {
    arm("AccuracySec=1s\n");
    host.units.transient.insert("undo.service");
    host.add("undo.service", "[Service]\nType=forking\nExecStart=/true\n");
    host.supervisor.reload(host.now());
    host.pass(Seconds(40));
    EXPECT_EQ(host.state("undo.timer"), "not loaded");
}

TEST_F(TransientTimer, TakesTheFailedServiceAwayToo_WhenToldToCollect) {
    host.add("a.service", "[Unit]\nCollectMode=inactive-or-failed\n[Service]\nExecStart=/false\n");
    host.units.transient = {"a.service"};
    EXPECT_EQ(host.ask(Verb::start, "a.service"), "done");
    EXPECT_EQ(host.state("a.service"), "not loaded");
}

TEST(Timer, OfAFileStaysElapsedAndCanBeStartedAgain) {
    FakeHost host;
    host.add("a.timer", "[Timer]\nOnActiveSec=5\nAccuracySec=0\nUnit=work.service\n");
    host.add("work.service", "[Service]\nType=oneshot\nExecStart=/true\n");
    (void)host.ask(Verb::start, "a.timer");
    host.pass(Seconds(5));
    EXPECT_EQ(host.state("a.timer"), "active (elapsed)");
    EXPECT_EQ(host.started().size(), 1U);
    EXPECT_EQ(host.ask(Verb::restart, "a.timer"), "done");
    host.pass(Seconds(5));
    EXPECT_EQ(host.started().size(), 2U);
}

} // namespace
} // namespace squall::labhost::init
