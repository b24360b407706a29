// Windows that end before their time: `squall monitor unmute`.
#include "squall/monitor/reduce.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace squall::monitor {
namespace {

constexpr WallTime start{Seconds(1'700'000'000)};
constexpr const char* cluster_arn = "arn:aws:ecs:us-east-1:1:cluster/demo";

// A monitor of one agent that has been gone since 100 s, and APIs that say so.
class Muted {
public:
    Muted() {
        report_.arn = "arn:aws:ecs:us-east-1:1:container-instance/demo/1";
        report_.cluster_arn = cluster_arn;
        report_.ec2_instance_id = "i-1";
        report_.status = "ACTIVE";
        report_.registered_at = start - Seconds(86'400);
        hear(true, 0);
    }

    void lose(int at) { hear(false, at); }

    // Again: the same window with another end.
    void mute(int at, int until) {
        if (muted_from_ == unknown_time) muted_from_ = start + Seconds(at);
        tell(Window{"mute-1", "demo", {}, muted_from_, start + Seconds(until), "work"}, at);
    }

    void unmute(int at) { mute(at, at); }

    // "opened@430 escalated@1000"
    [[nodiscard]] std::string told_by(int end) {
        for (; at_ <= end; ++at_)
            tell(Tick{}, at_);
        return told_;
    }

    Settings settings;

private:
    void hear(bool is_connected, int at) {
        ++report_.version;
        report_.agent_connected = is_connected;
        report_.updated_at = start + Seconds(at);
        tell(InstanceChanged{report_}, at);
    }

    void tell(const Input& input, int at) {
        if (at_ < at) static_cast<void>(told_by(at - 1));
        const auto actions = reduce(state_, input, start + Seconds(at), settings);
        for (const auto& decision : actions.decisions) {
            if (decision.kind == DecisionKind::suppressed) continue;
            told_ += fmt::format("{}{}@{}", told_.empty() ? "" : " ", text(decision.kind), at);
        }
        if (actions.look.hosts.empty()) return;
        Looked looked;
        for (const auto& request : actions.look.hosts) {
            LookAnswer answer;
            answer.host = request.host;
            answer.reports = {report_};
            answer.ec2 = Ec2Seen{"running", "us-east-1a", start - Seconds(86'400)};
            looked.answers.push_back(answer);
        }
        tell(looked, at);
    }

    State state_;
    InstanceReport report_;
    int at_ = 0;
    WallTime muted_from_ = unknown_time;
    std::string told_;
};

TEST(Window, ThatEndsEarlyEndsTheSilenceAboutAnOpenIncident) {
    Muted monitor;
    monitor.lose(100);
    monitor.mute(500, 5000);
    ASSERT_EQ(monitor.told_by(1199), "opened@430");
    monitor.unmute(1200);
    EXPECT_EQ(monitor.told_by(2300), "opened@430 escalated@1200 reminded@2230");
}

TEST(Window, ThatEndsEarlyLetsWhatWentInItBeJudgedAGraceLater) {
    Muted monitor;
    monitor.mute(50, 50'000);
    monitor.lose(100);
    ASSERT_EQ(monitor.told_by(799), "");
    monitor.unmute(800);
    EXPECT_EQ(monitor.told_by(1700), "opened@1130 escalated@1700");
}

TEST(Window, ThatIsMadeLongerKeepsItsSilence) {
    Muted monitor;
    monitor.lose(100);
    monitor.mute(500, 1100);
    monitor.mute(900, 1500);
    EXPECT_EQ(monitor.told_by(1499), "opened@430");
    EXPECT_EQ(monitor.told_by(1500), "opened@430 escalated@1500");
}

TEST(Escalation, ComesNoSoonerThanSomebodyCouldHaveActed) {
    Muted monitor;
    monitor.settings.grace = Seconds(20);
    monitor.lose(100);
    // Three graces are over when the others that may belong to it have been waited for.
    EXPECT_EQ(monitor.told_by(449), "opened@150");
    EXPECT_EQ(monitor.told_by(450), "opened@150 escalated@450");
}

} // namespace
} // namespace squall::monitor
