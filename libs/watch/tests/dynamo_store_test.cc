#include "squall/watch/dynamo_store.h"

#include "fake_dynamo.h"
#include "fake_process.h"
#include "squall/monitor/reduce.h"
#include "squall/monitor/saved_state.h"

#include <gtest/gtest.h>

#include <set>

namespace squall::watch {
namespace {

const std::string cluster = "arn:aws:ecs:us-east-1:123456789012:cluster/demo";

std::string node(int number) { return fmt::format("i-{:017x}", number); }

// A process that judges: a store, and the state that it has in memory.
struct Writer {
    explicit Writer(FakeDynamo& dynamo) : process(dynamo) {}

    Result<void> load() {
        state = monitor::State();
        return store->load(state);
    }

    void see(int number) {
        monitor::Host& host = state.host(cluster, node(number));
        host.disconnects = 7;
        state.touch(host);
    }

    Result<void> commit(std::vector<OutboxEntry> outbox = {},
                        std::vector<TimelineEntry> timeline = {}) {
        Commit commit;
        commit.changes = state.take_changes();
        if (commit.changes.is_other_changed) commit.rest = monitor::saved_rest(state);
        commit.outbox = std::move(outbox);
        commit.timeline = std::move(timeline);
        return store->commit(commit);
    }

    [[nodiscard]] WallTime now() const { return process.clock.wall(); }

    [[nodiscard]] std::set<std::string> nodes() const {
        std::set<std::string> found;
        state.for_each_host([&](const monitor::Host& host) { found.insert(host.ec2_instance_id); });
        return found;
    }

    FakeProcess<> process;
    std::unique_ptr<Store> store = dynamo_store(process.client, process.clock, {"monitor"});
    monitor::State state;
};

OutboxEntry notice(const std::string& key, const std::string& channel = "sns") {
    return {0, channel, key, "subject of " + key, "body of " + key, {{"key", key}}};
}

std::vector<std::string> keys(const std::vector<OutboxEntry>& entries) {
    std::vector<std::string> found;
    found.reserve(entries.size());
    for (const auto& entry : entries)
        found.push_back(entry.idempotency_key);
    return found;
}

class DynamoStoreTest : public testing::Test {
protected:
    FakeDynamo dynamo;
    Writer one{dynamo};
    Writer other{dynamo};
};

TEST_F(DynamoStoreTest, AStateIsReadAsItWasCommitted) {
    ASSERT_TRUE(one.load());
    one.see(1);
    one.see(2);
    one.state.windows.push_back({"w", "demo", {}, one.now(), one.now(), "why"});
    one.state.touch_other();
    ASSERT_TRUE(one.commit());
    one.state.forget(*one.state.find(monitor::State::key_of(cluster, node(1))));
    ASSERT_TRUE(one.commit());
    ASSERT_TRUE(other.load());
    EXPECT_EQ(other.nodes(), std::set{node(2)});
    EXPECT_EQ(other.state.find(monitor::State::key_of(cluster, node(2)))->disconnects, 7U);
    ASSERT_EQ(other.state.windows.size(), 1U);
    EXPECT_EQ(other.state.windows[0].why, "why");
}

TEST_F(DynamoStoreTest, ThatNothingFollowsHoldsOnlyOfWhatIsTheLatest) {
    ASSERT_TRUE(one.load());
    ASSERT_TRUE(other.load());
    const int before = dynamo.requests();
    EXPECT_TRUE(one.commit());
    EXPECT_EQ(dynamo.requests(), before + 1) << "it costs a look";
    other.see(1);
    ASSERT_TRUE(other.commit());
    EXPECT_EQ(one.commit().error().code, Errc::conflict);
    ASSERT_TRUE(one.load());
    EXPECT_TRUE(one.commit());
}

TEST_F(DynamoStoreTest, WhoHasNotSeenAnothersCommitChangesNothingAndLoadsAnew) {
    ASSERT_TRUE(one.load());
    ASSERT_TRUE(other.load());
    one.see(1);
    ASSERT_TRUE(one.commit());
    other.see(2);
    EXPECT_EQ(other.commit({notice("late")}).error().code, Errc::conflict);
    other.see(3);
    EXPECT_EQ(other.commit().error().code, Errc::conflict) << "until it has loaded";
    ASSERT_TRUE(other.load());
    EXPECT_EQ(other.nodes(), std::set{node(1)});
    EXPECT_EQ(dynamo.count("outbox"), 0U);
    other.see(2);
    EXPECT_TRUE(other.commit());
}

TEST_F(DynamoStoreTest, AHostThatWentAndCameAgainInOneCommitIsThere) {
    ASSERT_TRUE(one.load());
    one.see(1);
    ASSERT_TRUE(one.commit());
    one.state.forget(*one.state.find(monitor::State::key_of(cluster, node(1))));
    one.see(1);
    ASSERT_TRUE(one.commit());
    ASSERT_TRUE(other.load());
    EXPECT_EQ(other.nodes(), std::set{node(1)});
}

TEST_F(DynamoStoreTest, AStateThatChangesWhileItIsReadIsReadAgain) {
    ASSERT_TRUE(one.load());
    dynamo.before(10, [&] {
        one.see(1);
        ASSERT_TRUE(one.commit());
    });
    ASSERT_TRUE(other.load());
    EXPECT_EQ(other.nodes(), std::set{node(1)});
}

TEST_F(DynamoStoreTest, LongRowsAndManyPagesComeBackWhole) {
    dynamo.page_max = 3;
    ASSERT_TRUE(one.load());
    for (int i = 0; i < 60; ++i)
        one.see(i);
    monitor::Incident incident;
    incident.id = "big";
    for (int i = 0; i < 3000; ++i)
        incident.members.push_back({monitor::State::key_of(cluster, node(i)), node(i), true});
    one.state.open(std::move(incident));
    ASSERT_TRUE(one.commit());
    ASSERT_TRUE(other.load());
    EXPECT_EQ(other.nodes().size(), 60U);
    ASSERT_NE(other.state.find_incident("big"), nullptr);
    EXPECT_EQ(other.state.find_incident("big")->members.size(), 3000U);
}

TEST_F(DynamoStoreTest, NoticesAreGivenInTheirOrderAndEachOnce) {
    ASSERT_TRUE(one.load());
    ASSERT_TRUE(one.commit({notice("a"), notice("a"), notice("a", "webhook"), notice("b")}));
    ASSERT_TRUE(one.commit({notice("b"), notice("c")}));
    const auto waiting = one.store->outbox("sns", one.now(), 10).value();
    EXPECT_EQ(keys(waiting), (std::vector<std::string>{"a", "b", "c"}));
    EXPECT_EQ(waiting[0].subject, "subject of a");
    EXPECT_EQ(waiting[0].object, (json::Object{{"key", "a"}}));
    EXPECT_EQ(keys(one.store->outbox("sns", one.now(), 2).value()).size(), 2U);
    EXPECT_EQ(one.store->outbox_sizes().value(),
              (std::map<std::string, std::int64_t>{{"sns", 3}, {"webhook", 1}}));
    ASSERT_TRUE(one.store->finish(waiting[0]));
    ASSERT_TRUE(one.commit({notice("a")})) << "what was told is known";
    EXPECT_EQ(keys(one.store->outbox("sns", one.now(), 10).value()),
              (std::vector<std::string>{"b", "c"}));
    EXPECT_EQ(aws::integer_at(dynamo.items.at({"known", "sns#a"}), "expires"),
              1'795'226'400 + 7 * 86400);
    EXPECT_EQ(dynamo.items.at({"known", "sns#b"}).count("expires"), 0U);
}

TEST_F(DynamoStoreTest, OneThatIsPutOffHoldsUpThoseAfterItAndCountsItsAttempts) {
    ASSERT_TRUE(one.load());
    ASSERT_TRUE(one.commit({notice("a"), notice("b")}));
    const auto waiting = one.store->outbox("sns", one.now(), 10).value();
    ASSERT_TRUE(one.store->postpone(waiting[0], one.now() + Seconds(4)));
    EXPECT_TRUE(one.store->outbox("sns", one.now(), 10).value().empty());
    const auto later = one.store->outbox("sns", one.now() + Seconds(4), 10).value();
    ASSERT_EQ(keys(later), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(later[0].attempts, 1);
    ASSERT_TRUE(one.store->finish(later[0]));
    EXPECT_TRUE(one.store->postpone(later[0], one.now())) << "somebody else was faster";
    EXPECT_EQ(dynamo.count("outbox"), 1U);
}

TEST_F(DynamoStoreTest, OnlyOneBeginsWhatMustNotBeDoneTwice) {
    ASSERT_TRUE(one.load());
    ASSERT_TRUE(one.commit({notice("a", "action")}));
    const auto entry = one.store->outbox("action", one.now(), 10).value().front();
    EXPECT_FALSE(entry.is_begun);
    ASSERT_TRUE(one.store->begin(entry));
    EXPECT_EQ(other.store->begin(entry).error().code, Errc::conflict);
    EXPECT_TRUE(other.store->outbox("action", one.now(), 10).value().front().is_begun);
    ASSERT_TRUE(one.store->finish(entry));
    EXPECT_EQ(other.store->begin(entry).error().code, Errc::conflict) << "it is over";
}

TEST_F(DynamoStoreTest, ABeginningWhoseAnswerWasLostIsOurs) {
    ASSERT_TRUE(one.load());
    ASSERT_TRUE(one.commit({notice("a", "action")}));
    const auto entry = one.store->outbox("action", one.now(), 10).value().front();
    dynamo.die_at(0, FakeDynamo::Death::after);
    dynamo.before(1, [&] { dynamo.live(); });
    EXPECT_TRUE(one.store->begin(entry));
}

TEST_F(DynamoStoreTest, TheTimelineIsOfAllAndOfEachNodeAndExpires) {
    ASSERT_TRUE(one.load());
    const auto entry = [&](int second, const std::string& of, const std::string& text) {
        return TimelineEntry{one.now() + Seconds(second), "demo", of, "incident", "opened", text};
    };
    ASSERT_TRUE(one.commit({}, {entry(0, node(1), "first"), entry(0, node(2), "second")}));
    ASSERT_TRUE(one.commit({}, {entry(0, "", "third")}));
    ASSERT_TRUE(one.store->add({entry(1, node(1), "fourth")}));
    const auto texts = [&](const std::string& of, std::size_t count_max) {
        std::string all;
        const auto entries = one.store->timeline(of, count_max);
        for (const auto& found : entries.value())
            all += found.text + " ";
        return all;
    };
    EXPECT_EQ(texts("", 100), "first second third fourth ");
    EXPECT_EQ(texts("", 2), "third fourth ");
    EXPECT_EQ(texts(node(1), 100), "first fourth ");
    for (const auto& [key, item] : dynamo.items) {
        if (key.first.starts_with("timeline")) {
            EXPECT_EQ(aws::integer_at(item, "expires"), 1'795'226'400 + 30 * 86400);
        }
    }
}

TEST_F(DynamoStoreTest, ADamagedRowIsNamed) {
    ASSERT_TRUE(one.load());
    one.see(1);
    ASSERT_TRUE(one.commit());
    for (auto& [key, item] : dynamo.items) {
        if (key.first.starts_with("state#")) item["row"] = "{";
    }
    const auto error = other.load().error();
    EXPECT_NE(error.message.find("host#" + cluster), std::string::npos) << error.message;
}

} // namespace
} // namespace squall::watch
