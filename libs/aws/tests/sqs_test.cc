#include "squall/aws/sqs.h"

#include "fake_aws.h"

#include <gtest/gtest.h>

#include <set>

namespace squall::aws {
namespace {

constexpr const char* url = "https://sqs.us-east-1.amazonaws.com/123456789012/events";

// A batch call of SQS behind a FakeAws: refuses what SQS refuses, and the entries of `bad`.
class FakeBatches {
public:
    FakeBatches(FakeAws& aws, const std::string& operation) {
        aws.on("sqs:" + operation, [this](const Received& received) {
            const auto& entries = json::array_at(received.input, "Entries");
            if (entries.empty() || entries.size() > 10)
                return error_answer(received, "TooManyEntriesInBatchRequest", "1 to 10");
            std::size_t bytes = 0;
            json::Array successful;
            json::Array failed;
            for (const auto& entry : entries) {
                const std::string id(json::string_at(entry, "Id"));
                bytes += json::string_at(entry, "MessageBody").size();
                all.push_back(entry);
                if (ignored.contains(id)) continue;
                if (bad.contains(id))
                    failed.push_back(json::Object{{"Id", id},
                                                  {"SenderFault", true},
                                                  {"Code", "ReceiptHandleIsInvalid"},
                                                  {"Message", "The handle is not valid"}});
                else
                    successful.push_back(json::Object{{"Id", id}});
            }
            if (bytes > 1'048'576) return error_answer(received, "BatchRequestTooLong", "long");
            json::Object answer;
            // SQS leaves empty lists out.
            if (!successful.empty()) answer["Successful"] = successful;
            if (!failed.empty()) answer["Failed"] = failed;
            return json_answer(answer);
        });
    }

    std::set<std::string> bad;
    std::set<std::string> ignored;
    std::vector<json::Value> all; // entries, in their order
};

class SqsTest : public testing::Test {
protected:
    [[nodiscard]] json::Object last_input() const { return world.aws.received().back().input; }

    World world;
    Sqs sqs{world.client};
};

TEST_F(SqsTest, AQueuesUrlIsAskedForByItsName) {
    world.aws.on("sqs:GetQueueUrl", [](const Received& received) {
        if (json::string_at(received.input, "QueueName") != "events")
            return error_answer(received,
                                "com.amazonaws.sqs#QueueDoesNotExist",
                                "The specified queue does not exist.");
        return json_answer({{"QueueUrl", url}});
    });
    EXPECT_EQ(sqs.get_queue_url("events", world.soon(), {}).value(), url);
    const auto received = world.aws.received().back();
    EXPECT_EQ(received.server.host, "sqs.us-east-1.amazonaws.com");
    EXPECT_EQ(wire::header_value(received.request.headers, "x-amzn-query-mode"), "true");
    const auto missing = sqs.get_queue_url("event", world.soon(), {}).error();
    EXPECT_EQ(missing.code, "QueueDoesNotExist");
    EXPECT_EQ(missing.kind, Errc::not_found);
}

TEST_F(SqsTest, MessagesComeWithWhatAWorkerNeedsToKnowOfThem) {
    world.aws.on("sqs:ReceiveMessage", [](const Received&) {
        const json::Object attributes{{"ApproximateReceiveCount", "3"},
                                      {"SentTimestamp", "1795226400250"},
                                      {"MessageGroupId", "demo"}};
        return json_answer({{"Messages",
                             json::Array{json::Object{{"MessageId", "m-1"},
                                                      {"ReceiptHandle", "r-1"},
                                                      {"MD5OfBody", "…"},
                                                      {"Body", "{\"a\":1}"},
                                                      {"Attributes", attributes}},
                                         json::Object{{"MessageId", "m-2"}}}}});
    });
    const auto messages =
        sqs.receive_messages(url, {5, Seconds(20), Seconds(60)}, world.soon(), {}).value();
    EXPECT_EQ(json::text(last_input()),
              fmt::format(R"({{"QueueUrl":"{}","MaxNumberOfMessages":5,"WaitTimeSeconds":20,)"
                          R"("MessageSystemAttributeNames":["ApproximateReceiveCount",)"
                          R"("SentTimestamp","MessageGroupId"],"VisibilityTimeout":60}})",
                          url));
    ASSERT_EQ(messages.size(), 2U);
    EXPECT_EQ(messages[0].message_id, "m-1");
    EXPECT_EQ(messages[0].receipt_handle, "r-1");
    EXPECT_EQ(messages[0].body, "{\"a\":1}");
    EXPECT_EQ(messages[0].approximate_receive_count, 3);
    EXPECT_EQ(messages[0].sent_at, WallTime(FakeClock::start_of_wall) + Millis(250));
    EXPECT_EQ(messages[0].message_group_id, "demo");
    EXPECT_EQ(messages[1].approximate_receive_count, 0);
    EXPECT_FALSE(messages[1].sent_at);
}

TEST_F(SqsTest, ALongPollIsGivenItsWaitOnTopOfWhatAnAttemptMayTake) {
    world.aws.on("sqs:ReceiveMessage", [](const Received&) { return json_answer({}); });
    EXPECT_TRUE(sqs.receive_messages(url, {}, world.soon(), {}).value().empty());
    const Millis attempt = RetrySettings().attempt_timeout;
    EXPECT_EQ(world.aws.received().back().patience, attempt + Seconds(20));
    EXPECT_TRUE(json::at(last_input(), "VisibilityTimeout").is_null()) << "the queue's own";
    EXPECT_TRUE(sqs.receive_messages(url, {10, Seconds(0), {}}, world.soon(), {}));
    EXPECT_EQ(world.aws.received().back().patience, attempt);
    EXPECT_TRUE(sqs.receive_messages(url, {}, world.clock.in(Seconds(3)), {}));
    EXPECT_EQ(world.aws.received().back().patience, Seconds(3));
}

TEST_F(SqsTest, MessagesAreDeletedByTensAndWhatWasNotIsTold) {
    FakeBatches fake(world.aws, "DeleteMessageBatch");
    fake.bad = {"0", "12"};
    fake.ignored = {"4"};
    std::vector<std::string> handles;
    for (int i = 0; i < 13; ++i)
        handles.push_back(fmt::format("r-{}", i));
    const auto failures = sqs.delete_messages(url, handles, world.soon(), {}).value();
    EXPECT_EQ(world.aws.received().size(), 2U);
    EXPECT_EQ(json::text(fake.all.back()), R"({"ReceiptHandle":"r-12","Id":"12"})");
    ASSERT_EQ(failures.size(), 3U);
    EXPECT_EQ(failures[0].index, 0U);
    EXPECT_EQ(failures[0].code, "ReceiptHandleIsInvalid");
    EXPECT_EQ(failures[0].message, "The handle is not valid");
    EXPECT_TRUE(failures[0].is_senders_fault);
    EXPECT_EQ(failures[1].index, 4U);
    EXPECT_EQ(failures[1].code, EntryFailure::not_answered);
    EXPECT_EQ(failures[2].index, 12U);
    EXPECT_TRUE(sqs.delete_messages(url, {}, world.soon(), {}).value().empty());
    EXPECT_EQ(world.aws.received().size(), 2U) << "nothing to delete is no call";
}

TEST_F(SqsTest, AnswersAboutEntriesThatNobodyAskedAboutAreNotBelieved) {
    world.aws.on("sqs:DeleteMessageBatch", [](const Received&) {
        return json_answer(
            {{"Successful", json::Array{json::Object{{"Id", "7"}}, json::Object{{"Id", "-1"}}, 5}},
             {"Failed", json::Array{json::Object{{"Id", "x"}}}}});
    });
    const std::vector<std::string> handles{"r"};
    const auto failures = sqs.delete_messages(url, handles, world.soon(), {}).value();
    ASSERT_EQ(failures.size(), 1U);
    EXPECT_EQ(failures[0].code, EntryFailure::not_answered);
}

TEST_F(SqsTest, VisibilityIsChangedOfEachByItself) {
    const FakeBatches fake(world.aws, "ChangeMessageVisibilityBatch");
    const std::vector<VisibilityChange> changes{{"r-0", Seconds(0)}, {"r-1", Seconds(90)}};
    EXPECT_TRUE(sqs.change_visibility(url, changes, world.soon(), {}).value().empty());
    ASSERT_EQ(fake.all.size(), 2U);
    EXPECT_EQ(json::text(fake.all[1]),
              R"({"ReceiptHandle":"r-1","VisibilityTimeout":90,"Id":"1"})");
}

TEST_F(SqsTest, MessagesAreSentInCallsThatAreNeitherTooManyNorTooLong) {
    const FakeBatches fake(world.aws, "SendMessageBatch");
    std::vector<SqsEntry> entries(21, SqsEntry{"small", {}, "", ""});
    entries[0] = {"first", Seconds(3), "group", "once"};
    EXPECT_TRUE(sqs.send_messages(url, entries, world.soon(), {}).value().empty());
    EXPECT_EQ(world.aws.received().size(), 3U);
    EXPECT_EQ(json::text(fake.all[0]),
              R"({"MessageBody":"first","DelaySeconds":3,"MessageGroupId":"group",)"
              R"("MessageDeduplicationId":"once","Id":"0"})");
    const std::vector<SqsEntry> long_ones(3, SqsEntry{std::string(500'000, 'x'), {}, "", ""});
    EXPECT_TRUE(sqs.send_messages(url, long_ones, world.soon(), {}).value().empty());
    EXPECT_EQ(world.aws.received().size(), 5U) << "two fit into a megabyte";
}

TEST_F(SqsTest, QueuesSayHowTheyAre) {
    world.aws.on("sqs:GetQueueAttributes", [](const Received& received) {
        EXPECT_EQ(json::text(json::at(received.input, "AttributeNames")), R"(["All"])");
        return json_answer({{"Attributes", {{"ApproximateNumberOfMessages", "7"}}}});
    });
    const auto attributes = sqs.queue_attributes(url, world.soon(), {}).value();
    EXPECT_EQ(attributes.at("ApproximateNumberOfMessages"), "7");
}

TEST_F(SqsTest, ARefusalNamesTheActionThatIamKnowsAndTheQueue) {
    world.aws.on("sqs:DeleteMessageBatch", [](const Received& received) {
        return error_answer(received,
                            "AccessDeniedException",
                            "User: arn:aws:iam::123456789012:user/u is not authorized to perform: "
                            "sqs:deletemessage on resource: "
                            "arn:aws:sqs:us-east-1:123456789012:events because no identity-based "
                            "policy allows the sqs:deletemessage action",
                            403);
    });
    const std::vector<std::string> handles{"r"};
    const auto error = sqs.delete_messages(url, handles, world.soon(), {}).error();
    const auto statement = json::parse_object(error.statement).value();
    EXPECT_EQ(json::string_at(statement, "Action"), "sqs:DeleteMessage");
    EXPECT_EQ(json::string_at(statement, "Resource"), "arn:aws:sqs:us-east-1:123456789012:events");
}

} // namespace
} // namespace squall::aws
