// Topics, queues and the mailbox as one cloud, without sockets.
#include "lab_world.h"
#include "sns/outbox.h"

namespace squall::lab {
namespace {

constexpr const char* rule_arn = "arn:aws:events:us-east-1:123456789012:rule/r";

class TopicTest : public ::testing::Test {
protected:
    Answer ask(const std::string& service, const std::string& operation, json::Object body) {
        ApiCall call;
        call.service = service;
        call.operation = operation;
        call.region = "us-east-1";
        call.protocol = wire::Protocol::json_1_0;
        call.body = std::move(body);
        call.caller = {"arn:aws:iam::123456789012:user/test", "AIDATEST"};
        call.host = "127.0.0.1:4747";
        call.now = now;
        return cloud.endpoint().ask(call);
    }

    json::Object done(const std::string& service, const std::string& operation, json::Object body) {
        const auto answered = ask(service, operation, std::move(body));
        EXPECT_TRUE(answered) << operation << ": " << (answered ? "" : answered.error().message);
        return answered ? std::get<json::Value>(*answered).as_object() : json::Object{};
    }

    std::string make_queue(const std::string& name, json::Object attributes = {}) {
        done("sqs", "CreateQueue", {{"QueueName", name}, {"Attributes", std::move(attributes)}});
        return "arn:aws:sqs:us-east-1:123456789012:" + name;
    }

    static std::string policy(const char* service,
                              const char* action,
                              const std::string& resource,
                              const std::string& source) {
        return json::text(json::Object{
            {"Version", "2012-10-17"},
            {"Statement",
             json::Object{
                 {"Effect", "Allow"},
                 {"Principal", json::Object{{"Service", service}}},
                 {"Action", action},
                 {"Resource", resource},
                 {"Condition",
                  json::Object{{"ArnEquals", json::Object{{"aws:SourceArn", source}}}}}}}});
    }

    json::Array messages(const std::string& name) {
        return json::array_at(
            done("sqs",
                 "ReceiveMessage",
                 {{"QueueUrl", "http://x/123456789012/" + name}, {"MaxNumberOfMessages", 10}}),
            "Messages");
    }

    Cloud cloud{"123456789012", "us-east-1"};
    WallTime now = start_of_test;
};

TEST_F(TopicTest, AQueueTakesFromARuleWhatItsPolicyAllows) {
    const auto arn = make_queue("q");
    sqs::Service& service = cloud.home().sqs;
    const Delivery delivery{"event", {}, rule_arn, now};
    EXPECT_FALSE(service.deliver(arn, delivery));
    const auto allow = [&](const char* principal, const std::string& source) {
        done("sqs",
             "SetQueueAttributes",
             {{"QueueUrl", "http://x/123456789012/q"},
              {"Attributes",
               json::Object{{"Policy", policy(principal, "sqs:SendMessage", arn, source)}}}});
    };
    allow("sns.amazonaws.com", rule_arn);
    EXPECT_FALSE(service.deliver(arn, delivery));
    allow("events.amazonaws.com", std::string(rule_arn) + "2");
    EXPECT_FALSE(service.deliver(arn, delivery));
    allow("events.amazonaws.com", rule_arn);
    EXPECT_TRUE(service.deliver(arn, delivery));
    EXPECT_FALSE(service.deliver(arn + "2", delivery));
    ASSERT_EQ(messages("q").size(), 1U);
}

TEST_F(TopicTest, AnEventReachesAMailboxThroughATopic) {
    const std::string arn(json::string_at(done("sns", "CreateTopic", {{"Name", "t"}}), "TopicArn"));
    done("sns",
         "Subscribe",
         {{"TopicArn", arn}, {"Protocol", "email"}, {"Endpoint", "a@example.com"}});
    const Delivery delivery{"event", {}, rule_arn, now};
    // The policy that every topic begins with lets no service in.
    EXPECT_FALSE(cloud.home().sns.deliver(arn, delivery));
    done("sns",
         "SetTopicAttributes",
         {{"TopicArn", arn},
          {"AttributeName", "Policy"},
          {"AttributeValue", policy("events.amazonaws.com", "sns:Publish", arn, rule_arn)}});
    EXPECT_TRUE(cloud.home().sns.deliver(arn, delivery));
    const auto mails = cloud.mailbox().after(0);
    ASSERT_EQ(mails.size(), 1U);
    EXPECT_EQ(json::string_at(mails[0], "body"), "event");
    EXPECT_TRUE(cloud.mailbox().after(1).empty());
}

TEST_F(TopicTest, ARedrivePolicyNeedsAnotherQueueOfTheSameKind) {
    const auto arn = make_queue("q");
    const auto fifo = make_queue("f.fifo", {{"FifoQueue", "true"}});
    const auto set = [&](const std::string& target, int count) {
        const json::Object redrive{{"deadLetterTargetArn", target}, {"maxReceiveCount", count}};
        return ask("sqs",
                   "SetQueueAttributes",
                   {{"QueueUrl", "http://x/123456789012/q"},
                    {"Attributes", json::Object{{"RedrivePolicy", json::text(redrive)}}}});
    };
    EXPECT_FALSE(set(arn + "x", 3));
    EXPECT_FALSE(set(arn, 3));
    EXPECT_FALSE(set(fifo, 3));
    const auto dead =
        make_queue("dead", {{"RedriveAllowPolicy", R"({"redrivePermission":"denyAll"})"}});
    EXPECT_FALSE(set(dead, 3));
    const auto other = make_queue("other");
    EXPECT_FALSE(set(other, 0));
    EXPECT_TRUE(set(other, 3));
}

TEST_F(TopicTest, ANameOfAQueueRestsAfterItsDeletion) {
    make_queue("q");
    done("sqs", "DeleteQueue", {{"QueueUrl", "http://x/123456789012/q"}});
    now += Seconds(59);
    EXPECT_EQ(ask("sqs", "CreateQueue", {{"QueueName", "q"}}).error().code, "QueueDeletedRecently");
    now += Seconds(1);
    EXPECT_TRUE(ask("sqs", "CreateQueue", {{"QueueName", "q"}}));
}

TEST_F(TopicTest, AListenerHearsOfWhatMayBeReceived) {
    std::vector<std::string> heard;
    cloud.on_message([&](const std::string& awaited) { heard.push_back(awaited); });
    const auto arn = make_queue("q");
    const json::Object message{{"QueueUrl", "http://x/123456789012/q"}, {"MessageBody", "x"}};
    json::Object later = message;
    later["DelaySeconds"] = 5;
    done("sqs", "SendMessage", later);
    EXPECT_TRUE(heard.empty());
    EXPECT_EQ(cloud.home().sqs.next_visible(arn), now + Seconds(5));
    done("sqs", "SendMessage", message);
    EXPECT_EQ(heard, std::vector<std::string>{arn});
}

TEST(Outbox, TriesThreeTimesMoreTwentySecondsApart) {
    sns::Outbox outbox;
    WallTime now = start_of_test;
    outbox.add({{}, {}, now});
    for (int i = 0; i < sns::Outbox::attempts_max; ++i) {
        auto due = outbox.take_due(now);
        ASSERT_EQ(due.size(), 1U) << i;
        outbox.failed(std::move(due[0]), now);
        EXPECT_TRUE(outbox.take_due(now).empty());
        now += sns::Outbox::retry_delay;
    }
    EXPECT_TRUE(outbox.take_due(now).empty());
}

TEST(Mailbox, ForgetsTheOldestAndKeepsItsNumbers) {
    sns::Mailbox mailbox;
    for (std::size_t i = 1; i <= sns::Mailbox::mails_max + 5; ++i)
        mailbox.add({start_of_test, "a", "t", "s", std::to_string(i)});
    const auto all = mailbox.after(0);
    ASSERT_EQ(all.size(), sns::Mailbox::mails_max);
    EXPECT_EQ(json::integer_at(all[0], "number"), 6);
    EXPECT_EQ(json::string_at(all[0], "body"), "6");
    EXPECT_EQ(mailbox.after(sns::Mailbox::mails_max + 4).size(), 1U);
}

TEST(FilterPolicy, WantsWhatItNames) {
    const auto wants = [](std::string_view policy, const json::Object& attributes) {
        return sns::FilterPolicy::parse(policy).value().wants(attributes);
    };
    const auto text = [](const char* value) {
        return json::Object{{"a", json::Object{{"DataType", "String"}, {"StringValue", value}}}};
    };
    const auto number = [](const char* value) {
        return json::Object{{"a", json::Object{{"DataType", "Number"}, {"StringValue", value}}}};
    };
    EXPECT_TRUE(wants(R"({"a":["x","y"]})", text("y")));
    EXPECT_FALSE(wants(R"({"a":["x","y"]})", text("z")));
    EXPECT_FALSE(wants(R"({"a":["x"]})", {}));
    EXPECT_TRUE(wants(R"({"a":[{"prefix":"he"}]})", text("hello")));
    EXPECT_FALSE(wants(R"({"a":[{"anything-but":["x","y"]}]})", text("x")));
    EXPECT_TRUE(wants(R"({"a":[{"anything-but":{"prefix":"x"}}]})", text("y")));
    EXPECT_TRUE(wants(R"({"a":[{"exists":false}]})", {}));
    EXPECT_FALSE(wants(R"({"a":[{"exists":false}]})", text("x")));
    EXPECT_TRUE(wants(R"({"a":[{"numeric":[">=",1,"<",2]}]})", number("1.5")));
    EXPECT_FALSE(wants(R"({"a":[{"numeric":[">=",1,"<",2]}]})", number("2")));
    EXPECT_TRUE(wants(R"({"a":[1]})", number("1.0")));
    EXPECT_FALSE(wants(R"({"a":[1]})", text("1")));
    for (const char* bad : {"",
                            "[]",
                            R"({"a":"b"})",
                            R"({"a":[]})",
                            R"({"a":[{"x":1}]})",
                            R"({"a":[{"numeric":["!",1]}]})",
                            R"({"a":[{"numeric":[">"]}]})"})
        EXPECT_FALSE(sns::FilterPolicy::parse(bad)) << bad;
}

} // namespace
} // namespace squall::lab
