#include "squall/aws/sns.h"

#include "fake_aws.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace squall::aws {
namespace {

constexpr const char* topic = "arn:aws:sns:us-east-1:123456789012:alarms";

class SnsTest : public testing::Test {
protected:
    void answer_with(const std::string& result) {
        world.aws.on("sns:Publish", [result](const Received&) {
            return xml_answer("<PublishResponse><PublishResult>" + result
                              + "</PublishResult></PublishResponse>");
        });
    }

    World world;
    Sns sns{world.client};
};

TEST_F(SnsTest, PublishesToATopicAndGivesTheMessagesId) {
    answer_with("<MessageId>m-1</MessageId>");
    const Notification notification{topic,
                                    "2 agents are gone",
                                    "demo: i-1, i-2",
                                    {{"cluster", "demo"}, {"kind", "agent"}},
                                    "demo",
                                    "event-1"};
    EXPECT_EQ(sns.publish(notification, world.soon(), {}).value(), "m-1");
    const auto received = world.aws.received().back();
    const auto& form = received.form;
    EXPECT_EQ(form.get("Version"), "2010-03-31");
    EXPECT_EQ(form.get("TopicArn"), topic);
    EXPECT_EQ(form.get("Subject"), "2 agents are gone");
    EXPECT_EQ(form.get("Message"), "demo: i-1, i-2");
    EXPECT_EQ(form.get("MessageAttributes.entry.1.Name"), "cluster");
    EXPECT_EQ(form.get("MessageAttributes.entry.2.Value.DataType"), "String");
    EXPECT_EQ(form.get("MessageAttributes.entry.2.Value.StringValue"), "agent");
    EXPECT_EQ(form.get("MessageGroupId"), "demo");
    EXPECT_EQ(form.get("MessageDeduplicationId"), "event-1");
    EXPECT_EQ(received.server.host, "sns.us-east-1.amazonaws.com");
}

TEST_F(SnsTest, WhatIsNotGivenIsNotSent) {
    answer_with("<MessageId>m-1</MessageId>");
    EXPECT_TRUE(sns.publish({topic, "\n", "text", {}, "", ""}, world.soon(), {}));
    const auto form = world.aws.received().back().form;
    EXPECT_FALSE(form.has("Subject")) << "an empty one is refused";
    EXPECT_FALSE(form.has("MessageGroupId"));
    EXPECT_FALSE(form.has_structure("MessageAttributes"));
}

TEST_F(SnsTest, AnAnswerWithoutAnIdIsAnErrorThatSaysWhatMayHaveHappened) {
    answer_with("");
    const auto error = sns.publish({topic, "", "text", {}, "", ""}, world.soon(), {}).error();
    EXPECT_EQ(error.kind, Errc::failed);
    EXPECT_NE(error.message.find("may be out"), std::string::npos);
}

TEST_F(SnsTest, ARefusalInSnssOwnWordsIsUnderstood) {
    world.aws.on("sns:Publish", [](const Received& received) {
        return error_answer(received,
                            "AuthorizationError",
                            fmt::format("User: arn:aws:iam::123456789012:user/u is not authorized "
                                        "to perform: SNS:Publish on resource: {} because no "
                                        "identity-based policy allows the SNS:Publish action",
                                        topic),
                            403);
    });
    const auto error = sns.publish({topic, "", "text", {}, "", ""}, world.soon(), {}).error();
    EXPECT_EQ(error.kind, Errc::denied);
    const auto statement = json::parse_object(error.statement).value();
    EXPECT_EQ(json::string_at(statement, "Action"), "sns:Publish");
    EXPECT_EQ(json::string_at(statement, "Resource"), topic);
}

TEST(SnsSubject, OneLineOfAsciiStaysAsItIs) {
    EXPECT_EQ(sns_subject("3 of 20 agents are gone: demo (us-east-1)"),
              "3 of 20 agents are gone: demo (us-east-1)");
    EXPECT_EQ(sns_subject(std::string(99, 'a')), std::string(99, 'a'));
    EXPECT_EQ(sns_subject(""), "");
}

TEST(SnsSubject, LinesControlCharactersAndIdleBlanksBecomeOneBlank) {
    EXPECT_EQ(sns_subject("  first\r\nsecond\tthird\x1b\x7f  fourth \n"),
              "first second third fourth");
    EXPECT_EQ(sns_subject(std::string_view("a\0b", 3)), "a b");
    EXPECT_EQ(sns_subject(" \n\t "), "");
}

TEST(SnsSubject, OtherLettersAreSpelledOrMarked) {
    EXPECT_EQ(sns_subject("agents gone… “demo” – b’s"), "agents gone... \"demo\" - b's");
    EXPECT_EQ(sns_subject("cluster größe 東京 🦆"), "cluster gr??e ?? ?");
    EXPECT_EQ(sns_subject("torn \xc3"), "torn ?");
    EXPECT_EQ(sns_subject("\x80\xbf stray"), "? stray");
}

TEST(SnsSubject, ALongOneIsCutWhereSnsEndsItAndSaysSo) {
    const auto subject = sns_subject(std::string(60, 'a') + std::string(60, 'b'));
    EXPECT_EQ(subject, std::string(60, 'a') + std::string(36, 'b') + "...");
    std::string hundreds;
    for (int i = 0; i < 100; ++i)
        hundreds += "…";
    EXPECT_EQ(sns_subject(hundreds), std::string(99, '.'));
}

TEST(SnsSubject, WhateverComesInIsLegal) {
    for (int first = 0; first < 256; ++first) {
        for (int second = 0; second < 256; second += 3) {
            const std::string text{static_cast<char>(first), static_cast<char>(second)};
            const auto subject = sns_subject(text + " and " + text);
            EXPECT_LE(subject.size(), 99U);
            EXPECT_TRUE(std::all_of(
                subject.begin(), subject.end(), [](char c) { return c >= ' ' && c <= '~'; }))
                << first << " " << second;
            EXPECT_FALSE(subject.starts_with(' ') || subject.ends_with(' '));
        }
    }
}

} // namespace
} // namespace squall::aws
