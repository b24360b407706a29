// Runs that a monitor knows of: announced on a bus, and refused while it has an open incident.
#include "fake_tasks.h"
#include "fake_world.h"

#include <gtest/gtest.h>

#include <set>

namespace squall::experiment {
namespace {

constexpr const char* well = R"({"incidents":[]})";
constexpr const char* open_incident = R"({"incidents":[{"incident":"inc-7","kind":"node",
    "cluster":"demo","since":"2026-11-20T23:50:00.000Z","disconnected":["i-77"]}]})";

wire::ServiceError denied() {
    return {"AccessDeniedException",
            "User: arn:aws:iam::123456789012:user/test is not authorized to perform: "
            "events:PutEvents on resource: * because no identity-based policy allows the "
            "events:PutEvents action",
            400};
}

// What is on the bus, and a monitor that answers what a test says.
class WatchedWorld : public TestWorld {
public:
    explicit WatchedWorld(int hosts = 3) : TestWorld(hosts) {
        aws.answers = [this](const std::string& operation,
                             const json::Object& body) -> std::optional<json::Object> {
            if (operation == "PutEvents") return take_events(body);
            if (operation == "DescribeEventBus") return json::Object{{"Name", "default"}};
            return std::nullopt;
        };
        world.send_http = [this](const wire::Url& server,
                                 const wire::HttpRequest& request,
                                 Deadline,
                                 const std::stop_token&) -> Result<wire::HttpResponse> {
            asked.push_back(server.origin() + request.target);
            return monitor();
        };
    }

    Plan plan_with(const std::map<std::string, std::string>& settings, int seconds = 30) {
        RawValues values = duration(seconds);
        for (const auto& [name, text] : settings)
            values[name] = {text, "test"};
        return plan(std::move(values));
    }

    Plan announced_plan() { return plan_with({{"ANNOUNCE_BUS", "default"}}); }

    Plan monitored_plan() { return plan_with({{"MONITOR_URL", "http://monitor:9100"}}); }

    // Of the warnings.
    [[nodiscard]] std::string warnings() const {
        std::string text;
        for (const auto& event : events.events) {
            if (event.kind == "warning") text += json::string_at(event.data, "text");
        }
        return text;
    }

    std::vector<json::Object> windows; // the details, in their order
    std::vector<std::string> buses;
    std::optional<std::string> entry_error; // EventBridge answers, and takes nothing
    std::function<Result<wire::HttpResponse>()> monitor = [] {
        return wire::HttpResponse{200, {}, well};
    };
    std::vector<std::string> asked;

private:
    json::Object take_events(const json::Object& body) {
        const auto& entry = json::array_at(body, "Entries").at(0);
        if (entry_error)
            return {{"FailedEntryCount", 1},
                    {"Entries",
                     json::Array{json::Object{{"ErrorCode", *entry_error},
                                              {"ErrorMessage", "not today"}}}}};
        EXPECT_EQ(json::string_at(entry, "Source"), "squall");
        EXPECT_EQ(json::string_at(entry, "DetailType"), "Squall Experiment Window");
        buses.emplace_back(json::string_at(entry, "EventBusName"));
        windows.push_back(json::parse_object(json::string_at(entry, "Detail")).value());
        return {{"FailedEntryCount", 0}, {"Entries", json::Array{json::Object{{"EventId", "1"}}}}};
    }
};

WallTime time_at(const json::Object& window, std::string_view name) {
    return parse_time(json::string_at(window, name)).value();
}

TEST(Announcement, TellsTheBusBeforeTheFirstOrderAndWhenTheRunIsOver) {
    WatchedWorld test;
    int sent_before = -1;
    test.aws.on_call = [&](const std::string& operation) {
        if (operation == "PutEvents" && sent_before < 0)
            sent_before = test.aws.calls["SendCommand"];
    };
    const auto plan = test.announced_plan();
    EXPECT_EQ(test.run(plan).verdict, Verdict::passed);
    EXPECT_EQ(sent_before, 0);
    EXPECT_EQ(test.buses, (std::vector<std::string>{"default", "default"}));
    const auto& first = test.windows.at(0);
    const auto& last = test.windows.at(1);
    EXPECT_EQ(json::string_at(first, "run"), "r-test");
    EXPECT_EQ(json::string_at(first, "cluster"), plan.cluster);
    EXPECT_EQ(json::string_at(first, "why"), "squall run r-test: ecs-agent-stop");
    EXPECT_EQ(json::array_at(first, "nodes").size(), 3U);
    EXPECT_EQ(time_at(first, "from"), start_of_test);
    const RunTimes times;
    EXPECT_EQ(time_at(first, "until"),
              start_of_test + Seconds(30) + times.grace + times.recovery_limit);
    for (const char* same : {"run", "cluster", "nodes", "from", "why"})
        EXPECT_EQ(json::at(first, same), json::at(last, same)) << same;
    EXPECT_LT(time_at(last, "until"), time_at(first, "until"));
    EXPECT_GT(time_at(last, "until"), start_of_test + Seconds(30));
    EXPECT_EQ(test.events.count("announced"), 2);
    const auto& told = json::object_at(test.events.events.back().data, "announced");
    EXPECT_TRUE(json::bool_at(told, "over"));
    EXPECT_EQ(json::string_at(told, "until"), json::string_at(last, "until"));
}

TEST(Announcement, LastsAsLongAsAllWavesMay) {
    WatchedWorld test;
    const auto plan = test.plan_with({{"ANNOUNCE_BUS", "default"}, {"SEQUENCE", "serial"}}, 10);
    EXPECT_EQ(test.run(plan).verdict, Verdict::passed);
    ASSERT_EQ(test.windows.size(), 2U) << "once for all waves";
    const RunTimes times;
    EXPECT_EQ(time_at(test.windows[0], "until"),
              start_of_test + 3 * (Seconds(10) + times.grace + times.recovery_limit));
}

TEST(Announcement, ThatFailsRefusesTheRunAndNobodyIsTold) {
    for (const bool is_denied : {true, false}) {
        WatchedWorld test;
        if (is_denied)
            test.aws.fail_with["PutEvents"] = denied();
        else
            test.entry_error = "InternalFailure";
        const auto result = test.run(test.announced_plan());
        EXPECT_EQ(result.verdict, Verdict::refused);
        EXPECT_NE(result.reason.find("not injecting: the run could not be announced on the bus "
                                     "default (needs events:PutEvents"),
                  std::string::npos)
            << result.reason;
        EXPECT_NE(result.reason.find(is_denied ? "not authorized" : "InternalFailure: not today"),
                  std::string::npos)
            << result.reason;
        EXPECT_EQ(test.aws.calls["SendCommand"], 0);
        EXPECT_EQ(test.aws.calls["PutEvents"], 1) << "what was refused needs no end";
        EXPECT_FALSE(test.events.events.back().data.contains("announced"));
    }
}

TEST(Announcement, OnABusThatIsNotThereRefusesTheRun) {
    WatchedWorld test;
    test.aws.fail_with["DescribeEventBus"] = {
        "ResourceNotFoundException", "Event bus default does not exist.", 400};
    const auto result = test.run(test.announced_plan());
    EXPECT_EQ(result.verdict, Verdict::refused);
    EXPECT_NE(result.reason.find("there is no bus default"), std::string::npos) << result.reason;
    EXPECT_EQ(test.aws.calls["PutEvents"] + test.aws.calls["SendCommand"], 0);
}

TEST(Announcement, OnABusThatNobodyMayLookAtIsAWarning) {
    WatchedWorld test;
    test.aws.fail_with["DescribeEventBus"] = denied();
    EXPECT_EQ(test.run(test.announced_plan()).verdict, Verdict::passed);
    EXPECT_EQ(test.windows.size(), 2U);
    EXPECT_NE(test.warnings().find("could not be looked up"), std::string::npos);
}

TEST(Announcement, ThatItIsOverIsAlsoToldWhenTheRunIsAborted) {
    WatchedWorld test;
    test.events.watcher = [&](const Event& event) {
        if (event.kind == "affected") test.abort.request_stop();
    };
    EXPECT_EQ(test.run(test.announced_plan()).verdict, Verdict::aborted);
    ASSERT_EQ(test.windows.size(), 2U);
    EXPECT_LT(time_at(test.windows[1], "until"), start_of_test + Seconds(30));
}

TEST(Announcement, OfARunThatIsLeftAtOnceEndsByItself) {
    WatchedWorld test;
    test.events.watcher = [&](const Event& event) {
        if (event.kind != "affected") return;
        test.abort.request_stop();
        test.quit.request_stop();
    };
    EXPECT_TRUE(test.run(test.announced_plan()).is_open);
    EXPECT_EQ(test.windows.size(), 1U) << "its hosts are still away";
}

TEST(Announcement, WhoseEndCannotBeToldIsAWarning) {
    WatchedWorld test;
    test.events.watcher = [&](const Event& event) {
        if (event.kind == "announced") test.aws.fail_with["PutEvents"] = denied();
    };
    EXPECT_EQ(test.run(test.announced_plan()).verdict, Verdict::passed);
    EXPECT_NE(test.warnings().find("`squall monitor unmute r-test`"), std::string::npos)
        << test.warnings();
    const auto& told = json::object_at(test.events.events.back().data, "announced");
    EXPECT_FALSE(json::bool_at(told, "over", true));
}

TEST(Announcement, IsInThePlanAndInThePolicyOnlyWhereItIsAskedFor) {
    WatchedWorld test;
    const auto has = [](const Plan& plan) {
        return std::count(plan.permissions.begin(), plan.permissions.end(), "events:PutEvents");
    };
    const auto policy = [&](const Plan& plan) {
        return json::text(test.fault->policy_statements(plan.tunables, /*all=*/false));
    };
    const auto with = test.announced_plan();
    const auto without = test.plan_with({});
    EXPECT_EQ(has(with), 1);
    EXPECT_EQ(has(without), 0);
    EXPECT_NE(policy(with).find("arn:aws:events:us-east-1:*:event-bus/default"), std::string::npos);
    EXPECT_EQ(policy(without).find("events:"), std::string::npos);
    EXPECT_EQ(test.run(without).verdict, Verdict::passed);
    EXPECT_TRUE(test.windows.empty());
}

TEST(Announcement, KnowsABusByItsArnAndRefusesAnotherRegion) {
    WatchedWorld test;
    const std::string arn = "arn:aws:events:us-east-1:123456789012:event-bus/ours";
    EXPECT_EQ(test.run(test.plan_with({{"ANNOUNCE_BUS", arn}})).verdict, Verdict::passed);
    EXPECT_EQ(test.buses.front(), arn);
    const auto elsewhere = test.values(
        {{"ANNOUNCE_BUS", {"arn:aws:events:eu-west-1:123456789012:event-bus/x", "here"}}});
    const auto problems = test.fault->check(elsewhere);
    ASSERT_EQ(problems.size(), 1U);
    EXPECT_EQ(problems.front().what, "the bus x is in eu-west-1, and REGION is us-east-1");
}

TEST(MonitorGuard, LetsARunPassWhenTheMonitorHasNothingOpen) {
    WatchedWorld test;
    const auto plan = test.monitored_plan();
    EXPECT_TRUE(plan.guards.empty());
    EXPECT_EQ(test.run(plan).verdict, Verdict::passed);
    EXPECT_EQ(
        test.asked,
        std::vector<std::string>{"http://monitor:9100/v1/incidents?cluster="
                                 "arn%3Aaws%3Aecs%3Aus-east-1%3A123456789012%3Acluster%2Fdemo"});
}

TEST(MonitorGuard, RefusesARunWhileAnIncidentIsOpen) {
    WatchedWorld test;
    test.monitor = [] {
        return wire::HttpResponse{200, {}, open_incident};
    };
    const auto plan = test.monitored_plan();
    ASSERT_EQ(plan.guards.size(), 1U) << "a plan is made all the same, and says so";
    EXPECT_EQ(plan.guards.front().guard, "monitor");
    const auto result = test.run(plan);
    EXPECT_EQ(result.verdict, Verdict::refused);
    for (const char* word : {"inc-7", "i-77", "2026-11-20T23:50:00.000Z", "http://monitor:9100"})
        EXPECT_NE(result.reason.find(word), std::string::npos) << result.reason;
    EXPECT_EQ(test.aws.calls["SendCommand"], 0);
}

TEST(MonitorGuard, RefusesARunWhenTheAnswerIsNotClear) {
    struct Unclear {
        Result<wire::HttpResponse> answer;
        std::string said;
    };

    const std::vector<Unclear> all{
        {fail(Errc::unavailable, "connecting to monitor:9100: refused"), "refused; see that"},
        {wire::HttpResponse{503, {}, R"({"error":"has not looked"})"}, "HTTP 503: has not looked"},
        {wire::HttpResponse{404, {}, R"({"error":"not monitored here"})"}, "watches this cluster"},
        {wire::HttpResponse{502, {}, "<html>"}, "HTTP 502; "},
        {wire::HttpResponse{302, {}, ""}, "HTTP 302; "},
        {wire::HttpResponse{200, {}, "ok"}, "no JSON object"},
        {wire::HttpResponse{200, {}, "{}"}, "no \"incidents\""},
        {wire::HttpResponse{200, {}, R"({"incidents":{}})"}, "no \"incidents\""},
        {wire::HttpResponse{200, {}, R"({"incidents":[1]})"}, "without its id"},
    };
    for (const auto& [answer, said] : all) {
        WatchedWorld test;
        test.monitor = [&answer = answer] {
            return answer;
        };
        const auto result = test.run(test.monitored_plan());
        EXPECT_EQ(result.verdict, Verdict::refused) << said;
        EXPECT_NE(result.reason.find(said), std::string::npos) << result.reason;
        EXPECT_NE(result.reason.find("GET /v1/incidents?cluster="), std::string::npos);
        EXPECT_EQ(test.aws.calls["SendCommand"], 0) << said;
    }
}

TEST(MonitorGuard, IsAskedAgainBeforeEveryWave) {
    WatchedWorld test;
    test.events.watcher = [&](const Event& event) {
        if (event.kind == "recovered")
            test.monitor = [] {
                return wire::HttpResponse{200, {}, open_incident};
            };
    };
    const auto plan =
        test.plan_with({{"MONITOR_URL", "unix:/run/monitor.sock"}, {"SEQUENCE", "serial"}}, 10);
    const auto result = test.run(plan);
    EXPECT_EQ(result.verdict, Verdict::aborted) << result.reason;
    EXPECT_EQ(test.aws.host(1).stops, 1);
    EXPECT_EQ(test.aws.host(2).stops, 0);
    EXPECT_EQ(test.asked.size(), 2U) << "before the plan and before the second wave";
}

TEST(Monitoring, IsThereForFaultsOnHttpTraffic) {
    HttpWorld test;
    int announced = 0;
    const auto tasks = test.aws.answers;
    test.aws.answers = [&](const std::string& operation,
                           const json::Object& body) -> std::optional<json::Object> {
        if (operation == "DescribeEventBus") return json::Object{{"Name", "default"}};
        if (operation != "PutEvents") return tasks(operation, body);
        ++announced;
        return json::Object{{"Entries", json::Array{json::Object{{"EventId", "1"}}}}};
    };
    const auto settings = [](const std::string& monitor) {
        return RawValues{{"ANNOUNCE_BUS", {"default", "test"}}, {"MONITOR_URL", {monitor, "test"}}};
    };
    const auto refused = test.run(test.plan_of(settings("http://monitor:9100")).value(), "r-1");
    EXPECT_EQ(refused.verdict, Verdict::refused) << "nobody can ask it";
    EXPECT_EQ(announced, 0);
    static_cast<void>(test.run(test.plan_of(settings("")).value(), "r-2"));
    EXPECT_EQ(announced, 2);
}

} // namespace
} // namespace squall::experiment
