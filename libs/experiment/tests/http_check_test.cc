// What is told beforehand of what a fault on HTTP traffic needs.
#include "fake_tasks.h"

#include <gtest/gtest.h>

namespace squall::experiment {
namespace {

class HttpCheck : public ::testing::Test {
protected:
    HttpCheck() {
        // What it asks with does not exist.
        test.aws.fail_with["SendCommand"] = {"InvalidInstanceId", "no such instance", 400};
        for (const char* operation :
             {"CancelCommand", "ListCommandInvocations", "GetCommandInvocation"})
            test.aws.fail_with[operation] = {"InvalidCommandId", "no such command", 400};
        test.world.has_object =
            [this](const std::string& bucket, const std::string& key, Deadline, std::stop_token) {
                asked_for = bucket + "/" + key;
                return answer;
            };
    }

    std::vector<CheckItem> look(RawValues given) {
        given.try_emplace("SERVICE_NAME", RawValue{"web", "test"});
        return test.fault->look_beforehand(
            test.world, test.values(std::move(given)), Deadline::never(), {});
    }

    // The line on the helper's place.
    CheckItem helper_line(RawValues given = with({{"HELPER_BUCKET", "tools"}})) {
        for (const auto& item : look(std::move(given))) {
            if (item.what == "s3:GetObject") return item;
        }
        return {};
    }

    static aws::ApiError refusal(const std::string& code, int status) {
        return aws::answered_error("s3:HeadObject", code, "", status, "req");
    }

    HttpWorld test;
    aws::Outcome<bool> answer = true;
    std::string asked_for;
};

TEST_F(HttpCheck, IsReadyWhereTheHelperIsInTheBucket) {
    const auto items = look(with({{"HELPER_BUCKET", "tools"}}));
    EXPECT_TRUE(is_ready(items));
    EXPECT_EQ(asked_for, "tools/squall/" + std::string(64, 'a') + "/squall-host");
    EXPECT_EQ(helper_line().what, "s3:GetObject");
}

TEST_F(HttpCheck, IsNotReadyWithoutTheHelper) {
    answer = false;
    EXPECT_FALSE(is_ready(look(with({{"HELPER_BUCKET", "tools"}}))));
    const auto line = helper_line();
    EXPECT_EQ(line.state, CheckItem::State::bad);
    EXPECT_NE(line.advice.find("squall helper publish --bucket tools`"), std::string::npos)
        << line.advice;
    const auto elsewhere =
        helper_line(with({{"HELPER_BUCKET", "tools"}, {"HELPER_PREFIX", "ours/"}}));
    EXPECT_NE(elsewhere.advice.find("--prefix ours/"), std::string::npos) << elsewhere.advice;
}

TEST_F(HttpCheck, SaysThatTheBucketIsNotThere) {
    answer = fail(refusal("NoSuchBucket", 404));
    const auto line = helper_line();
    EXPECT_EQ(line.state, CheckItem::State::bad);
    EXPECT_EQ(line.text, "there is no bucket tools");
}

TEST_F(HttpCheck, SaysThatTheObjectMayNotBeRead) {
    answer = fail(refusal("AccessDenied", 403));
    const auto line = helper_line();
    EXPECT_EQ(line.state, CheckItem::State::bad);
    EXPECT_NE(line.text.find("not allowed on s3://tools/squall/"), std::string::npos) << line.text;
}

TEST_F(HttpCheck, AsksNoBucketThatNoHostWillAsk) {
    look(with({{"HELPER_URL", "https://x/{sha256}"}}));
    look(with({{"HELPER_BUCKET", "tools"}, {"INSTALL_DEPENDENCIES", "false"}}));
    EXPECT_EQ(asked_for, "");
}

TEST_F(HttpCheck, AHelperThatNothingBringsIsNoGood) {
    EXPECT_FALSE(is_ready(look({})));
    EXPECT_TRUE(is_ready(look(with({{"INSTALL_DEPENDENCIES", "false"}}))))
        << "whoever says so has seen to it";
}

TEST_F(HttpCheck, AsksOfNoOtherServiceThanTheNamedOne) {
    std::set<std::string> asked;
    test.aws.answers = [&asked, next = test.aws.answers](const std::string& operation,
                                                         const json::Object& body) {
        if (operation == "DescribeServices") {
            for (const auto& name : json::array_at(body, "services"))
                asked.emplace(json::string_of(name));
        }
        return next(operation, body);
    };
    EXPECT_TRUE(is_ready(look(with({{"HELPER_URL", "https://x/{arch}"}}))));
    EXPECT_EQ(asked, std::set<std::string>{"web"}) << "a policy may allow no other";
}

} // namespace
} // namespace squall::experiment
