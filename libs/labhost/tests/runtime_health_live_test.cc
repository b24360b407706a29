// Health checks in real containers under a real dockerd. As root only.
#include "runtime_host.h"

#include <gtest/gtest.h>

#include <unistd.h>

namespace squall::labhost::runtime {
namespace {

constexpr std::int64_t milliseconds = 1'000'000; // in Docker's unit

class HealthChecks : public testing::Test {
protected:
    void SetUp() override {
        if (::geteuid() != 0)
            GTEST_SKIP() << "NOT TESTED: the container runtime is tested as root only";
        host_ = std::make_unique<TestHost>();
        dockerd_ = host_->start_dockerd();
    }

    std::string start(const json::Array& test, json::Object more = {}) {
        more["Test"] = test;
        more["Interval"] = 50 * milliseconds;
        more["Retries"] = 2;
        return host_->start_container("checked",
                                      {{"Image", "squall/shell"},
                                       {"Env", json::Array{"COLOUR=blue"}},
                                       {"WorkingDir", "/srv"},
                                       {"Healthcheck", std::move(more)}});
    }

    json::Value health_of(const std::string& id) {
        const auto inspected = host_->inspect(id);
        return json::at(json::at(inspected, "State"), "Health");
    }

    // Its health when that is of this status; of another one when it never is.
    json::Value wait_for(const std::string& id, std::string_view status) {
        const Deadline deadline = soon();
        json::Value health = health_of(id);
        while (json::string_at(health, "Status") != status && !deadline.passed())
            health = health_of(id);
        return health;
    }

    std::unique_ptr<TestHost> host_;
    HostProcess dockerd_;
};

TEST_F(HealthChecks, RunInsideTheContainerAndShowWhatTheySaid) {
    const auto id =
        start({"CMD-SHELL", "echo $COLOUR in $(pwd) of $(hostname); echo trouble >&2; exit 0"});
    const auto health = wait_for(id, "healthy");
    ASSERT_EQ(json::string_at(health, "Status"), "healthy");
    const auto& log = json::array_at(health, "Log");
    ASSERT_FALSE(log.empty());
    EXPECT_EQ(json::integer_at(log.front(), "ExitCode"), 0);
    EXPECT_EQ(json::string_at(log.front(), "Output"),
              "blue in /srv of " + id.substr(0, 12) + "\ntrouble\n");
    const auto rows = host_->ask(200, "GET", "/containers/json");
    EXPECT_TRUE(json::string_at(rows.as_array().at(0), "Status").ends_with(" (healthy)"));
}

TEST_F(HealthChecks, SeeTheContainersFilesAndProcessesAndNothingElse) {
    // The first process there is the container's own.
    const auto id =
        start({"CMD", "sh", "-c", "kill -0 1 && ! test -e /etc/ecs && touch /tmp/seen"});
    ASSERT_EQ(json::string_at(wait_for(id, "healthy"), "Status"), "healthy");
    EXPECT_FALSE(host_->runs("container-exec -")) << "and leave nothing behind";
}

TEST_F(HealthChecks, ThatFailMakeAContainerUnhealthyAndItRunsOn) {
    const auto id = start({"CMD", "false"});
    const auto health = wait_for(id, "unhealthy");
    ASSERT_EQ(json::string_at(health, "Status"), "unhealthy");
    EXPECT_GE(json::integer_at(health, "FailingStreak"), 2);
    const auto inspected = host_->inspect(id);
    EXPECT_TRUE(json::bool_at(json::at(inspected, "State"), "Running"));
}

TEST_F(HealthChecks, ThatTakeTooLongAreKilled) {
    const auto id = start({"CMD-SHELL", "sleep 4321 & wait"}, {{"Timeout", 100 * milliseconds}});
    const auto health = wait_for(id, "unhealthy");
    ASSERT_EQ(json::string_at(health, "Status"), "unhealthy");
    const auto& first = json::array_at(health, "Log").at(0);
    EXPECT_EQ(json::integer_at(first, "ExitCode"), -1);
    EXPECT_EQ(json::string_at(first, "Output"), "Health check exceeded timeout (100ms)");
}

TEST_F(HealthChecks, OfAProgramThatIsNotThereSaySo) {
    const auto id = start({"CMD", "no-such-program"});
    const auto health = wait_for(id, "unhealthy");
    ASSERT_EQ(json::string_at(health, "Status"), "unhealthy");
    const auto& first = json::array_at(health, "Log").at(0);
    EXPECT_EQ(json::integer_at(first, "ExitCode"), -1);
    EXPECT_NE(json::string_at(first, "Output")
                  .find("exec: \"no-such-program\": executable file not found in $PATH"),
              std::string_view::npos)
        << json::string_at(first, "Output");
}

TEST_F(HealthChecks, EndWithTheContainerAndBeginAnewWithItsNextStart) {
    const auto id = start({"CMD", "true"});
    ASSERT_EQ(json::string_at(wait_for(id, "healthy"), "Status"), "healthy");
    EXPECT_EQ(host_->call("POST", "/containers/checked/stop?t=5").status, 204);
    EXPECT_EQ(json::string_at(health_of(id), "Status"), "unhealthy") << "as Docker has it";
    EXPECT_EQ(host_->call("POST", "/containers/checked/start").status, 204);
    EXPECT_EQ(json::string_at(wait_for(id, "healthy"), "Status"), "healthy");
    // Under way or not: a check does not hold up the end.
    EXPECT_EQ(host_->call("DELETE", "/containers/checked?force=1").status, 204);
    dockerd_.signal(SIGTERM);
    EXPECT_EQ(dockerd_.wait(), 0);
}

} // namespace
} // namespace squall::labhost::runtime
