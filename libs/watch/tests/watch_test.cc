#include "squall/base/file.h"
#include "squall/base/temporary_folder.h"
#include "squall/base/text.h"
#include "squall/monitor/saved_state.h"
#include "squall/watch/delivery.h"
#include "squall/watch/judge.h"
#include "squall/watch/queue_source.h"
#include "squall/watch/sqlite_store.h"
#include "standing_clock.h"

#include <gtest/gtest.h>

#include <set>

namespace squall::watch {
namespace {

using monitor::DecisionKind;

constexpr WallTime start{Seconds(1'700'000'000)};

// Remembers what it was sent; fails as often as it is told to.
class RecordingChannel final : public Channel {
public:
    [[nodiscard]] std::string_view name() const override { return "recording"; }

    [[nodiscard]] bool takes(const monitor::Decision& decision) const override {
        return is_notice(decision.kind);
    }

    [[nodiscard]] bool is_at_most_once() const override { return at_most_once; }

    Result<std::string> send(const OutboxEntry& entry, const std::stop_token& /*stop*/) override {
        if (failures > 0) {
            --failures;
            return fail(failure, "not now");
        }
        sent.push_back(entry.idempotency_key);
        bodies.push_back(entry.body);
        objects.push_back(entry.object);
        return std::string("done");
    }

    bool at_most_once = false;
    int failures = 0;
    Errc failure = Errc::unavailable;
    std::vector<std::string> sent;
    std::vector<std::string> bodies;
    std::vector<json::Object> objects;
};

// A doctor who says the same of everybody.
class DoctorChannel final : public Channel {
public:
    [[nodiscard]] std::string_view name() const override { return "action"; }

    [[nodiscard]] bool takes(const monitor::Decision& decision) const override {
        return decision.kind == monitor::DecisionKind::action;
    }

    [[nodiscard]] bool is_at_most_once() const override { return true; }

    Result<std::string> send(const OutboxEntry& /*entry*/,
                             const std::stop_token& /*stop*/) override {
        return std::string("diagnose: NET_DNS (certain): no names");
    }
};

monitor::InstanceReport report(int number, bool is_connected, std::int64_t version) {
    monitor::InstanceReport made;
    made.arn = fmt::format("arn:aws:ecs:us-east-1:1:container-instance/demo/{}", number);
    made.cluster_arn = "arn:aws:ecs:us-east-1:1:cluster/demo";
    made.ec2_instance_id = fmt::format("i-{}", number);
    made.version = version;
    made.agent_connected = is_connected;
    made.status = "ACTIVE";
    made.registered_at = start - Seconds(86400);
    made.traits.availability_zone = "us-east-1a";
    return made;
}

monitor::InstanceChanged changed(int number, bool is_connected, std::int64_t version, Seconds at) {
    auto made = report(number, is_connected, version);
    made.updated_at = start + at;
    return {made};
}

monitor::Looked confirmed(const monitor::Look& look) {
    monitor::Looked looked;
    for (const auto& host : look.hosts) {
        monitor::LookAnswer answer;
        answer.host = host.host;
        answer.ec2 = monitor::Ec2Seen{"running", "us-east-1a", start - Seconds(86400)};
        for (const auto& arn : host.arns) {
            const int number = static_cast<int>(*to_integer(arn.substr(arn.rfind('/') + 1)));
            answer.reports.push_back(report(number, false, 11));
        }
        looked.answers.push_back(answer);
    }
    return looked;
}

// A judge on a file, as a process that begins anew would have it.
struct Process {
    Process(const Path& file,
            const monitor::Settings& settings,
            const Channel& channel,
            WallTime now)
        : store(open_sqlite_store(file).value()), judge(*store, settings, {&channel}) {
        EXPECT_TRUE(judge.load(now));
    }

    monitor::Look take(const monitor::Input& input, WallTime now) {
        auto look = judge.take({&input, 1}, now);
        EXPECT_TRUE(look) << (look ? "" : look.error().message);
        return look.value_or(monitor::Look{});
    }

    std::unique_ptr<Store> store;
    Judge judge;
};

// Opens an incident of i-1, with a new process for every step.
void open_incident(const Path& file, const monitor::Settings& settings, const Channel& channel) {
    const auto at = [](int seconds) {
        return start + Seconds(seconds);
    };
    Process(file, settings, channel, at(0)).take(changed(1, true, 10, Seconds(0)), at(0));
    Process(file, settings, channel, at(1)).take(changed(1, false, 11, Seconds(1)), at(1));
    {
        Process process(file, settings, channel, at(302));
        const auto look = process.take(monitor::Tick{}, at(302));
        ASSERT_EQ(look.hosts.size(), 1U);
        process.take(confirmed(look), at(303));
    }
    Process(file, settings, channel, at(340)).take(monitor::Tick{}, at(340));
}

std::size_t deliver_all(const Path& file, Channel& channel, Clock& clock) {
    const auto store = open_sqlite_store(file).value();
    return deliver(*store, channel, clock, {}).value().done;
}

// A store that is empty at first, and a channel to tell of what is decided.
class JudgeTest : public testing::Test {
protected:
    const TemporaryFolder folder;
    const Path file = folder / "m.db";
    const monitor::Settings settings{};
    RecordingChannel channel;
    StandingClock clock{start};
};

using DeliveryTest = JudgeTest;

TEST_F(JudgeTest, ForgetsNothingBetweenProcesses) {
    open_incident(file, settings, channel);
    EXPECT_EQ(deliver_all(file, channel, clock), 1U);
    ASSERT_EQ(channel.sent.size(), 1U);
    EXPECT_TRUE(channel.sent[0].ends_with("/opened"));
    // Again from the start: every event is a copy now.
    Process again(file, settings, channel, start + Seconds(400));
    again.take(changed(1, false, 11, Seconds(1)), start + Seconds(400));
    again.take(changed(1, true, 12, Seconds(410)), start + Seconds(411));
    EXPECT_EQ(deliver_all(file, channel, clock), 1U);
    ASSERT_EQ(channel.sent.size(), 2U);
    EXPECT_TRUE(channel.sent[1].ends_with("/recovered"));
    EXPECT_EQ(deliver_all(file, channel, clock), 0U);
}

TEST_F(JudgeTest, AsksAgainWhatADeadProcessHasAsked) {
    Process(file, settings, channel, start).take(changed(1, true, 10, Seconds(0)), start);
    Process(file, settings, channel, start)
        .take(changed(1, false, 11, Seconds(1)), start + Seconds(1));
    const auto first =
        Process(file, settings, channel, start).take(monitor::Tick{}, start + Seconds(302));
    EXPECT_EQ(first.hosts.size(), 1U);
    const auto second = Process(file, settings, channel, start + Seconds(303))
                            .take(monitor::Tick{}, start + Seconds(303));
    EXPECT_EQ(second.hosts.size(), 1U);
}

// An incident of i-1, of which a doctor is asked, one second old.
class DiagnosisTest : public JudgeTest {
protected:
    DiagnosisTest() {
        monitor::Settings with_doctor;
        with_doctor.actions = {monitor::Rung::diagnose};
        const auto at = [](int seconds) {
            return start + Seconds(seconds);
        };
        store = open_sqlite_store(file).value();
        Judge judge(*store, with_doctor, {&channel, &doctor});
        EXPECT_TRUE(judge.load(at(0)));
        const auto take = [&](const monitor::Input& input, int seconds) {
            return judge.take({&input, 1}, at(seconds)).value();
        };
        take(changed(1, true, 10, Seconds(0)), 0);
        take(changed(1, false, 11, Seconds(1)), 1);
        const auto look = take(monitor::Tick{}, 302);
        take(confirmed(look), 303);
        take(monitor::Tick{}, 340);
        clock.advance(Seconds(341));
    }

    std::size_t tell(Channel& to) { return deliver(*store, to, clock, {}).value().done; }

    std::unique_ptr<Store> store;
    DoctorChannel doctor;
};

TEST_F(DiagnosisTest, IsWaitedForAndComesWithTheAlert) {
    EXPECT_EQ(tell(channel), 0U);
    EXPECT_EQ(tell(doctor), 1U);
    EXPECT_EQ(tell(channel), 1U);
    ASSERT_EQ(channel.sent.size(), 1U);
    EXPECT_TRUE(channel.sent[0].ends_with("/opened"));
    EXPECT_NE(channel.bodies[0].find("Diagnosis:\ni-1: NET_DNS (certain): no names"),
              std::string::npos)
        << channel.bodies[0];
    EXPECT_EQ(json::string_at(channel.objects[0], "diagnosis"), "i-1: NET_DNS (certain): no names");
    EXPECT_FALSE(channel.objects[0].contains(awaits_diagnosis));
}

TEST_F(DiagnosisTest, IsNotWaitedForLongerThanAMinute) {
    EXPECT_EQ(tell(channel), 0U);
    clock.advance(diagnosis_wait);
    EXPECT_EQ(tell(channel), 1U);
    EXPECT_NE(channel.bodies[0].find("the doctor has not answered yet"), std::string::npos);
}

TEST_F(DeliveryTest, PutsOffWhatFailsAndKeepsTheOrder) {
    open_incident(file, settings, channel);
    Process(file, settings, channel, start + Seconds(400))
        .take(changed(1, true, 12, Seconds(399)), start + Seconds(400));
    channel.failures = 3;
    EXPECT_EQ(deliver_all(file, channel, clock), 0U);
    EXPECT_EQ(deliver_all(file, channel, clock), 0U); // not due yet, and nobody is asked
    EXPECT_EQ(channel.failures, 2);
    for (int i = 0; i < 2; ++i) {
        clock.advance(Seconds(10));
        EXPECT_EQ(deliver_all(file, channel, clock), 0U);
    }
    clock.advance(Seconds(10));
    EXPECT_EQ(deliver_all(file, channel, clock), 2U);
    EXPECT_TRUE(channel.sent[0].ends_with("/opened"));
    EXPECT_TRUE(channel.sent[1].ends_with("/recovered"));
}

TEST_F(DeliveryTest, SendsNoReminderThatWasOvertakenWhileNobodyCouldBeTold) {
    open_incident(file, settings, channel);
    for (const int at : {1000, 2300, 4200})
        Process(file, settings, channel, start + Seconds(at))
            .take(monitor::Tick{}, start + Seconds(at));
    channel.failures = 1;
    const auto store = open_sqlite_store(file).value();
    const auto turn = deliver(*store, channel, clock, {}).value();
    EXPECT_EQ(turn.done, 0U);
    EXPECT_EQ(turn.failure.value().message, "not now");
    clock.advance(Seconds(10));
    deliver_all(file, channel, clock);
    const auto phases = [&] {
        std::vector<std::string> last;
        for (const auto& key : channel.sent)
            last.push_back(key.substr(key.find('/') + 1));
        return join(last, " ");
    };
    // Of two reminders the later one; and that it is critical nothing has said since.
    EXPECT_EQ(phases(), "opened escalated reminded/2");
    channel.sent.clear();
    Process(file, settings, channel, start + Seconds(6100))
        .take(monitor::Tick{}, start + Seconds(6100));
    Process(file, settings, channel, start + Seconds(6200))
        .take(changed(1, true, 12, Seconds(6199)), start + Seconds(6200));
    deliver_all(file, channel, clock);
    EXPECT_EQ(phases(), "recovered");
}

TEST_F(DeliveryTest, GivesUpAtLastWhatIsRefusedForGood) {
    open_incident(file, settings, channel);
    channel.failures = 1000;
    channel.failure = Errc::invalid_input;
    for (int i = 0; i < 30; ++i) {
        deliver_all(file, channel, clock);
        clock.advance(Seconds(400));
    }
    EXPECT_EQ(channel.failures, 1000 - 20);
    EXPECT_TRUE(open_sqlite_store(file).value()->outbox_sizes().value().empty());
}

TEST_F(DeliveryTest, DoesNotRepeatWhatWasBegun) {
    channel.at_most_once = true;
    open_incident(file, settings, channel);
    {
        const auto store = open_sqlite_store(file).value();
        const auto entries = store->outbox("recording", clock.wall(), 10).value();
        ASSERT_EQ(entries.size(), 1U);
        ASSERT_TRUE(store->begin(entries[0])); // and then it dies
    }
    EXPECT_EQ(deliver_all(file, channel, clock), 0U);
    EXPECT_TRUE(channel.sent.empty());
    EXPECT_TRUE(open_sqlite_store(file).value()->outbox_sizes().value().empty());
}

TEST_F(DeliveryTest, KeepsWhatCameOfAnActionAndDoesItOnce) {
    channel.at_most_once = true;
    open_incident(file, settings, channel);
    channel.failures = 1;
    EXPECT_EQ(deliver_all(file, channel, clock), 1U);
    EXPECT_EQ(deliver_all(file, channel, clock), 0U);
    const auto timeline = open_sqlite_store(file).value()->timeline("i-1", 100).value();
    ASSERT_FALSE(timeline.empty());
    EXPECT_EQ(timeline.back().text, "not now");
}

TEST(SqliteStore, KeepsAStateAsItWas) {
    const TemporaryFolder folder;
    const Path file = folder / "m.db";
    const monitor::Settings settings;
    const RecordingChannel channel;
    open_incident(file, settings, channel);
    const auto rows_of = [&] {
        monitor::State state;
        EXPECT_TRUE(open_sqlite_store(file).value()->load(state));
        std::set<std::string> rows;
        state.for_each_host([&](const monitor::Host& host) {
            rows.insert(json::canonical_text(monitor::saved(host)));
        });
        for (const auto& [id, incident] : state.incidents())
            rows.insert(json::canonical_text(monitor::saved(incident)));
        return rows;
    };
    const auto rows = rows_of();
    EXPECT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows, rows_of());
}

TEST(SqliteStore, IsItsOwnersAlone) {
    const TemporaryFolder folder;
    const auto store = open_sqlite_store(folder / "m.db").value();
    ASSERT_TRUE(store->add({{start, "demo", "i-1", "", "trace", "text"}}));
    for (const char* name : {"m.db", "m.db-wal", "m.db-shm"})
        EXPECT_EQ(std::filesystem::status(folder / name).permissions(),
                  std::filesystem::perms::owner_read | std::filesystem::perms::owner_write)
            << name;
}

TEST(SqliteStore, RefusesWhatIsNoStore) {
    const TemporaryFolder folder;
    const Path file = folder / "m.db";
    ASSERT_TRUE(write_file(file, std::string(5000, 'x')));
    const auto opened = open_sqlite_store(file);
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().message.find(file.string()), std::string::npos);
}

TEST(Notice, SaysWhatPeopleNeedToKnow) {
    monitor::Decision decision;
    decision.at = start + Seconds(400);
    decision.kind = DecisionKind::opened;
    decision.cluster = "demo";
    decision.cluster_arn = "arn:aws:ecs:us-east-1:1:cluster/demo";
    decision.node = "i-1";
    decision.since = start;
    decision.incident = "inc-1";
    decision.traits.availability_zone = "us-east-1a";
    const Notice notice = notice_of(decision);
    EXPECT_EQ(notice.subject, "[ISSUE] ECS Instance - i-1");
    EXPECT_TRUE(notice.body.starts_with(
        "[ISSUE] ECS Container Instance i-1 from Cluster arn:aws:ecs:us-east-1:1:cluster/demo has "
        "the ECS Agent disconnected."));
    for (const char* word : {"us-east-1a", "Since: 2023-11-14T22:13:20Z", "inc-1/opened"})
        EXPECT_NE(notice.body.find(word), std::string::npos) << notice.body;
    EXPECT_EQ(json::text(json::array_at(notice.object, "nodes")), "[\"i-1\"]");
}

TEST(Notice, NamesAGroupByWhatItShares) {
    monitor::Decision decision;
    decision.at = start;
    decision.kind = DecisionKind::grouped;
    decision.incident = "inc-1";
    decision.traits.availability_zone = "us-east-1a";
    for (int i = 0; i < 40; ++i)
        decision.members.push_back(fmt::format("i-{}", i));
    const Notice notice = notice_of(decision);
    EXPECT_EQ(notice.subject, "[ISSUE] ECS Instances - 40 instances in us-east-1a");
    EXPECT_NE(notice.body.find("and 20 more"), std::string::npos);
}

TEST(QueueSource, ReadsAnEventByItselfAndInATopicsEnvelope) {
    const std::string event =
        R"({"source":"aws.ec2","detail-type":"EC2 Spot Instance Interruption Warning","detail":{"instance-id":"i-1"}})";
    const auto plain = input_of_message(event);
    ASSERT_TRUE(plain && *plain);
    const json::Object envelope{{"Type", "Notification"}, {"Message", event}};
    const auto wrapped = input_of_message(json::text(envelope));
    ASSERT_TRUE(wrapped && *wrapped);
    EXPECT_TRUE(std::holds_alternative<monitor::EndAnnounced>(**wrapped));
    EXPECT_FALSE(input_of_message("no json"));
    const auto foreign = input_of_message(R"({"source":"mine","detail-type":"x","detail":{}})");
    ASSERT_TRUE(foreign);
    EXPECT_FALSE(*foreign);
}

TEST(Trouble, IsSaidAtFirstAndOnceAMinute) {
    Trouble trouble;
    const SteadyTime begin{Seconds(1000)};
    EXPECT_TRUE(trouble.failed("a", begin));
    EXPECT_FALSE(trouble.failed("b", begin + Seconds(59)));
    EXPECT_TRUE(trouble.failed("c", begin + Seconds(60)));
    EXPECT_EQ(trouble.seen()->since, begin);
    EXPECT_EQ(trouble.seen()->times, 3);
    EXPECT_EQ(trouble.seen()->what, "c");
    trouble.ended();
    EXPECT_FALSE(trouble.seen());
    EXPECT_TRUE(trouble.failed("d", begin + Seconds(61)));
}

TEST(Inbox, GivesUpWaitingWhenItIsTold) {
    Inbox inbox;
    std::stop_source stop;
    for (std::size_t i = 0; i < Inbox::waiting_max; ++i)
        ASSERT_TRUE(inbox.put({}, stop.get_token()));
    stop.request_stop();
    EXPECT_FALSE(inbox.put({}, stop.get_token())); // full
    const auto work = inbox.take(10, Steady::now(), stop.get_token());
    EXPECT_EQ(work.delivered.size(), 10U);
}

} // namespace
} // namespace squall::watch
