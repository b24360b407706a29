#include "sqs/queue.h"

#include "sqs/message_attributes.h"
#include "squall/base/time_text.h"

#include <gtest/gtest.h>

namespace squall::lab::sqs {
namespace {

class QueueTest : public ::testing::Test {
protected:
    std::string send(const std::string& body,
                     const std::string& group = {},
                     std::optional<Seconds> delay = {}) {
        Letter letter;
        letter.body = body;
        letter.group_id = group;
        letter.delay = delay;
        return queue.send(std::move(letter), now).value().message_id;
    }

    struct Got {
        std::string body;
        Receipt receipt;
    };

    std::vector<Got> receive(std::size_t count = 1, Seconds visibility = Seconds(30)) {
        std::vector<Got> all;
        for (const Message* message :
             queue.receive(count, visibility, now, [&](Message one) { dead.push_back(one); }))
            all.push_back({message->letter.body, {message->number, message->receipt}});
        return all;
    }

    std::vector<std::string> bodies(std::size_t count = 10, Seconds visibility = Seconds(30)) {
        std::vector<std::string> all;
        for (const auto& one : receive(count, visibility))
            all.push_back(one.body);
        return all;
    }

    using Bodies = std::vector<std::string>;

    Queue queue;
    std::vector<Message> dead;
    WallTime now = parse_time("2026-11-21T00:00:00Z").value();
};

class FifoQueueTest : public QueueTest {
protected:
    FifoQueueTest() { queue.settings.is_fifo = true; }
};

TEST_F(QueueTest, ReturnsAMessageWhenItsVisibilityTimeoutHasPassed) {
    send("a");
    const auto first = receive();
    ASSERT_EQ(first.size(), 1U);
    now += Seconds(30) - Millis(1);
    EXPECT_TRUE(receive().empty());
    EXPECT_EQ(queue.next_visible(), now + Millis(1));
    now += Millis(1);
    const auto second = receive();
    ASSERT_EQ(second.size(), 1U);
    EXPECT_NE(second[0].receipt.serial, first[0].receipt.serial);
}

TEST_F(QueueTest, DeletesByTheNewestReceiptOnly) {
    send("a");
    const auto old = receive(1, Seconds(1)).at(0).receipt;
    now += Seconds(1);
    const auto newest = receive(1, Seconds(1)).at(0).receipt;
    EXPECT_EQ(queue.remove(old, now), Queue::Change::gone);
    EXPECT_EQ(queue.in_flight(), 1U);
    // Its time is up, but nobody has received it since: it can still be deleted.
    now += Seconds(5);
    EXPECT_EQ(queue.remove(newest, now), Queue::Change::done);
    EXPECT_EQ(queue.visible() + queue.in_flight(), 0U);
    EXPECT_EQ(queue.remove(newest, now), Queue::Change::gone);
}

TEST_F(QueueTest, HoldsAMessageBackForItsDelayOrTheQueuesOwn) {
    queue.settings.delay = Seconds(10);
    send("by queue");
    send("at once", {}, Seconds(0));
    send("its own", {}, Seconds(20));
    EXPECT_EQ(queue.delayed(), 2U);
    EXPECT_EQ(bodies(), Bodies{"at once"});
    now += Seconds(10);
    EXPECT_EQ(bodies(), Bodies{"by queue"});
    now += Seconds(10);
    EXPECT_EQ(bodies(), Bodies{"its own"});
}

TEST_F(QueueTest, ForgetsWhatIsOlderThanItsRetentionWhateverItsState) {
    queue.settings.retention = Seconds(60);
    send("in flight");
    send("waits");
    EXPECT_EQ(receive(1, Seconds(600)).size(), 1U);
    send("delayed", {}, Seconds(600));
    now += Seconds(59);
    queue.settle(now);
    EXPECT_EQ(queue.visible() + queue.in_flight() + queue.delayed(), 3U);
    now += Seconds(1);
    queue.settle(now);
    EXPECT_EQ(queue.visible() + queue.in_flight() + queue.delayed(), 0U);
    EXPECT_FALSE(queue.next_visible());
}

TEST_F(QueueTest, GivesUpOnAMessageThatWasReceivedTooOften) {
    queue.settings.receive_count_max = 2;
    const auto id = send("poison");
    const auto sent_at = now;
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(receive(1, Seconds(1)).size(), 1U);
        now += Seconds(1);
    }
    send("good");
    EXPECT_EQ(bodies(1), Bodies{"good"});
    ASSERT_EQ(dead.size(), 1U);
    Queue letters;
    EXPECT_TRUE(letters.take_over(dead[0], now));
    const auto taken = letters.receive(1, Seconds(30), now, {});
    ASSERT_EQ(taken.size(), 1U);
    EXPECT_EQ(taken[0]->id, id);
    EXPECT_EQ(taken[0]->sent, sent_at);
    EXPECT_EQ(taken[0]->receive_count, 3);
}

TEST_F(QueueTest, PutsOffAMessageNoLongerThanTwelveHoursFromItsReceive) {
    send("a");
    const auto receipt = receive().at(0).receipt;
    now += Seconds(20);
    EXPECT_EQ(queue.change_visibility(receipt, Seconds(43'200), now), Queue::Change::beyond_limit);
    EXPECT_EQ(queue.change_visibility(receipt, Seconds(43'180), now), Queue::Change::done);
    now += Seconds(43'179);
    EXPECT_TRUE(receive().empty());
    EXPECT_EQ(queue.change_visibility(receipt, Seconds(0), now), Queue::Change::done);
    EXPECT_EQ(queue.change_visibility(receipt, Seconds(1), now), Queue::Change::not_in_flight);
    EXPECT_EQ(bodies(), Bodies{"a"});
    EXPECT_EQ(queue.change_visibility(receipt, Seconds(1), now), Queue::Change::expired);
}

TEST_F(QueueTest, HasNoMoreInFlightThanAwsAllows) {
    for (std::size_t i = 0; i <= Queue::in_flight_max; ++i)
        send("x");
    while (!receive(10).empty()) {
    }
    EXPECT_EQ(queue.in_flight(), Queue::in_flight_max);
    EXPECT_TRUE(queue.is_over_limit());
    EXPECT_EQ(queue.visible(), 1U);
}

TEST_F(QueueTest, DoesNotGiveAMessageTwiceInOneReceiveThatLeavesItVisible) {
    send("a");
    send("b");
    EXPECT_EQ(bodies(10, Seconds(0)), (Bodies{"a", "b"}));
    EXPECT_EQ(queue.visible(), 2U);
}

TEST_F(QueueTest, ReadsOnlyItsOwnReceiptHandles) {
    const Receipt receipt{7, 9};
    const auto text = receipt.text("arn:aws:sqs:us-east-1:123456789012:q");
    const auto read = Receipt::read(text, "arn:aws:sqs:us-east-1:123456789012:q");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->number, 7U);
    EXPECT_EQ(read->serial, 9U);
    EXPECT_FALSE(Receipt::read(text, "arn:aws:sqs:us-east-1:123456789012:other"));
    for (const char* bad : {"", "x", "AAAA", "NyA5", "===="})
        EXPECT_FALSE(Receipt::read(bad, "arn:aws:sqs:us-east-1:123456789012:q")) << bad;
}

TEST_F(FifoQueueTest, BlocksAGroupWhileOneOfItsMessagesIsInFlight) {
    for (const char* body : {"a1", "a2", "b1", "a3"})
        send(body, std::string(1, body[0]));
    const auto taken = receive(2);
    ASSERT_EQ(taken.size(), 2U);
    EXPECT_EQ(taken[1].body, "a2");
    EXPECT_EQ(bodies(), Bodies{"b1"});
    EXPECT_EQ(queue.remove(taken[0].receipt, now), Queue::Change::done);
    EXPECT_TRUE(receive().empty());
    EXPECT_FALSE(queue.has_visible());
    EXPECT_EQ(queue.remove(taken[1].receipt, now), Queue::Change::done);
    EXPECT_EQ(bodies(), Bodies{"a3"});
}

TEST_F(FifoQueueTest, GivesAGroupInItsOrderAgainAfterAVisibilityTimeout) {
    for (const char* body : {"1", "2", "3"})
        send(body, "g");
    const auto taken = receive(2, Seconds(5));
    EXPECT_EQ(queue.change_visibility(taken.at(1).receipt, Seconds(0), now), Queue::Change::done);
    // The second is in sight, and the first is not.
    EXPECT_TRUE(receive().empty());
    now += Seconds(5);
    EXPECT_EQ(queue.remove(taken.at(0).receipt, now), Queue::Change::expired);
    EXPECT_EQ(bodies(), (Bodies{"1", "2", "3"}));
}

TEST_F(FifoQueueTest, KeepsAMessageOnceInFiveMinutes) {
    const auto first = send("same", "g");
    EXPECT_EQ(send("same", "g"), first);
    EXPECT_EQ(queue.visible(), 1U);
    // Even when it has been deleted meanwhile.
    EXPECT_EQ(queue.remove(receive().at(0).receipt, now), Queue::Change::done);
    now += Queue::deduplication_interval - Millis(1);
    EXPECT_EQ(send("same", "g"), first);
    EXPECT_EQ(queue.visible(), 0U);
    now += Millis(1);
    EXPECT_NE(send("same", "g"), first);
    EXPECT_EQ(queue.visible(), 1U);
    EXPECT_EQ(send("same", "other").size(), first.size());
    EXPECT_EQ(queue.visible(), 1U);
    queue.settings.deduplicates_by_group = true;
    send("same", "other");
    EXPECT_EQ(queue.visible(), 2U);
}

TEST_F(FifoQueueTest, DeadLettersUnblockTheirGroup) {
    queue.settings.receive_count_max = 1;
    for (const char* body : {"1", "2", "3"})
        send(body, "g");
    EXPECT_EQ(bodies(2, Seconds(1)), (Bodies{"1", "2"}));
    now += Seconds(1);
    EXPECT_EQ(bodies(), Bodies{"3"});
    ASSERT_EQ(dead.size(), 2U);
    EXPECT_EQ(dead[0].letter.body, "1");
}

TEST(MessageAttributes, AreHashedAsAwsDocumentsIt) {
    const json::Object given{
        {"b", json::Object{{"DataType", "Binary"}, {"BinaryValue", "AAE="}}},
        {"a", json::Object{{"DataType", "String.x"}, {"StringValue", "value"}}}};
    const auto read = read_message_attributes(given);
    ASSERT_TRUE(read);
    // By an implementation in Python.
    EXPECT_EQ(md5_of_attributes(*read), "54d5ef91bc775488c9732b23550c3184");
    EXPECT_EQ(md5_of_attributes({}), "");
}

TEST(MessageAttributes, AreRefusedAsAwsRefusesThem) {
    const auto code =
        [](const char* name, const char* type, const char* member, const char* value) {
            const json::Object given{{name, json::Object{{"DataType", type}, {member, value}}}};
            const auto read = read_message_attributes(given);
            return read ? std::string("fine") : read.error().code;
        };
    EXPECT_EQ(code("a.b-c_1", "Number.float", "StringValue", "1"), "fine");
    for (const char* name : {"", ".a", "a.", "a..b", "AWS.a", "amazon.a", "a b"})
        EXPECT_EQ(code(name, "String", "StringValue", "x"), "InvalidParameterValueException")
            << name;
    EXPECT_EQ(code("a", "Text", "StringValue", "x"), "InvalidParameterValueException");
    EXPECT_EQ(code("a", "String", "StringValue", ""), "InvalidParameterValueException");
    EXPECT_EQ(code("a", "Binary", "StringValue", "x"), "InvalidParameterValueException");
    EXPECT_EQ(code("a", "Binary", "BinaryValue", "?"), "InvalidParameterValueException");
}

} // namespace
} // namespace squall::lab::sqs
