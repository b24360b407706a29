// What ECS knows of a host after it has been mended.
#include "breaks_world.h"

namespace squall::lab::breaks {
namespace {

class MendTest : public BreaksTest {
protected:
    // ARNs of what a host is registered as.
    std::set<std::string> registered() {
        std::set<std::string> arns;
        for (const auto& [arn, instance] : world.ecs().store().instances)
            if (instance.ec2_instance_id == host) arns.insert(arn);
        return arns;
    }

    // An agent that starts registers, and has its connection then.
    void register_at_start() {
        instances.front() = std::make_unique<FakeInstance>(world, host);
        instances.front()->connect();
    }
};

TEST_F(MendTest, ForgetsWhatAnAgentWasRegisteredAsThatWasRestartedBeforeItKnew) {
    int starts = 0;
    hosts.on_agent_start = [&] {
        if (++starts == 1)
            FakeInstance(world, host);
        else
            register_at_start();
    };
    ASSERT_TRUE(make("CLUSTER_NOT_FOUND"));
    ASSERT_TRUE(make("INSTANCE_DEREGISTERED"));
    ASSERT_TRUE(mend());
    EXPECT_GE(starts, 2);
    EXPECT_EQ(registered(), std::set<std::string>{instances.front()->arn});
}

TEST_F(MendTest, ForgetsAllOfTwoRegistrationsButTheOneThatIsConnected) {
    hosts.on_agent_start = [&] {
        FakeInstance(world, host);
        register_at_start();
    };
    ASSERT_TRUE(make("STALE_IDENTITY"));
    ASSERT_TRUE(mend());
    EXPECT_EQ(registered(), std::set<std::string>{instances.front()->arn});
}

TEST_F(MendTest, LeavesTheGhostsThatWereThereBefore) {
    const FakeInstance ghost(world, host);
    hosts.on_agent_start = [&] {
        register_at_start();
    };
    ASSERT_TRUE(make("IAM_NO_CREDS"));
    const FakeInstance made_by_it(world, host);
    ASSERT_TRUE(make("INSTANCE_DEREGISTERED"));
    ASSERT_TRUE(mend());
    EXPECT_EQ(registered(), (std::set<std::string>{ghost.arn, instances.front()->arn}));
}

TEST_F(MendTest, MakesTheHostAnotherContainerInstanceAfterAllElseIsPutBack) {
    hosts.on_agent_start = [&] {
        register_at_start();
    };
    ASSERT_TRUE(make("STATE_CORRUPT"));
    ASSERT_TRUE(make("STALE_IDENTITY"));
    ASSERT_TRUE(make("RESERVED_MEMORY"));
    ASSERT_TRUE(make("AGENT_STOPPED"));
    const auto mended = mend();
    ASSERT_TRUE(mended) << mended.error().message;
    EXPECT_EQ(json::text(json::at(*mended, "mended")),
              R"(["AGENT_STOPPED","RESERVED_MEMORY","STATE_CORRUPT","STALE_IDENTITY"])");
}

TEST_F(MendTest, OfAHostThatIsGoneForgetsNothing) {
    ASSERT_TRUE(make("IAM_NO_CREDS"));
    const auto before = registered();
    instances.front()->close();
    hosts.gone = host;
    ASSERT_TRUE(mend());
    EXPECT_EQ(registered(), before) << "as in AWS: it is deregistered by whoever wants that";
}

} // namespace
} // namespace squall::lab::breaks
