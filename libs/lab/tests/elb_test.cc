#include "elb/forwarding.h"
#include "service_world.h"
#include "squall/wire/xml.h"

namespace squall::lab::elb {
namespace {

const CheckOutcome good{CheckOutcome::Kind::answered, 200};
const CheckOutcome wrong{CheckOutcome::Kind::answered, 503};
const CheckOutcome late{CheckOutcome::Kind::timed_out, 0};
const HealthThresholds thresholds{3, 2};

TEST(TargetHealth, TakesOneGoodCheckToBeginAndThresholdsAfterwards) {
    TargetHealth health;
    EXPECT_EQ(health.state(), "initial");
    EXPECT_EQ(health.reason(), "Elb.RegistrationInProgress");
    EXPECT_TRUE(health.note(good, "200", thresholds));
    EXPECT_TRUE(health.is_healthy());
    EXPECT_FALSE(health.note(wrong, "200", thresholds));
    EXPECT_FALSE(health.note(good, "200", thresholds)) << "one in between counts anew";
    EXPECT_FALSE(health.note(wrong, "200", thresholds));
    EXPECT_TRUE(health.note(wrong, "200", thresholds));
    EXPECT_EQ(health.state(), "unhealthy");
    EXPECT_EQ(health.reason(), "Target.ResponseCodeMismatch");
    EXPECT_EQ(health.description(), "Health checks failed with these codes: [503]");
    EXPECT_FALSE(health.note(good, "200", thresholds));
    EXPECT_FALSE(health.note(good, "200", thresholds));
    EXPECT_EQ(health.description(), "Health checks failed with these codes: [503]");
    EXPECT_TRUE(health.note(good, "200", thresholds));
    EXPECT_EQ(health.reason(), "");
}

TEST(TargetHealth, SaysWhatKindOfTroubleThereIs) {
    TargetHealth health;
    health.note(late, "200", thresholds);
    EXPECT_EQ(health.reason(), "Elb.InitialHealthChecking");
    health.note(late, "200", thresholds);
    EXPECT_EQ(health.reason(), "Target.Timeout");
    EXPECT_EQ(health.description(), "Request timed out");
    health.note({}, "200", thresholds);
    EXPECT_EQ(health.reason(), "Target.FailedHealthChecks");
}

TEST(TargetHealth, ReadsMatchers) {
    EXPECT_TRUE(matches("200-299", 204));
    EXPECT_TRUE(matches("200,302", 302));
    EXPECT_FALSE(matches("200,302", 301));
    for (const char* bad : {"", "99", "600", "300-200", "200-", "x", "200,"})
        EXPECT_FALSE(is_matcher(bad)) << bad;
}

TEST(Forwarding, TellsTheTargetWhoAsksAndDropsWhatIsForOneConnection) {
    const auto request = forwarded({"GET",
                                    "/",
                                    {{"Host", "web"},
                                     {"Connection", "keep-alive, X-Private"},
                                     {"X-Private", "1"},
                                     {"Transfer-Encoding", "chunked"},
                                     {"X-Forwarded-For", "192.0.2.1"}},
                                    {}},
                                   80,
                                   "Root=1-1-1");
    EXPECT_EQ(wire::header_value(request.headers, "X-Forwarded-For"), "192.0.2.1, 127.0.0.1");
    EXPECT_EQ(wire::header_value(request.headers, "X-Forwarded-Port"), "80");
    EXPECT_EQ(wire::header_value(request.headers, "Host"), "web");
    for (const char* gone : {"Connection", "X-Private", "Transfer-Encoding"})
        EXPECT_FALSE(wire::has_header(request.headers, gone)) << gone;
    EXPECT_TRUE(
        wire::has_header(handed_on({200, {{"Content-Length", "7"}}, {}}).headers, "Content-Length"))
        << "HEAD asks for it";
}

// Carries nothing, and answers checks as a test says.
class FakeTraffic final : public Traffic {
public:
    Result<std::uint16_t> open(const std::string&, std::uint16_t) override { return 4780; }

    void close(const std::string& listener_arn) override { routes.erase(listener_arn); }

    void route(Route route) override { routes[route.listener_arn] = std::move(route); }

    void check(const CheckOrder& order, std::function<void(CheckOutcome)> done) override {
        waiting.emplace_back(order, std::move(done));
    }

    Counts counts(const std::string&) override { return {}; }

    void answer(const std::function<CheckOutcome(const CheckOrder&)>& with) {
        for (auto& [order, done] : std::exchange(waiting, {}))
            done(with(order));
    }

    std::map<std::string, Route> routes;
    std::vector<std::pair<CheckOrder, std::function<void(CheckOutcome)>>> waiting;
};

class LoadBalancerTest : public ::testing::Test {
protected:
    LoadBalancerTest() {
        world.cloud().home().elb.use(&traffic);
        for (int i = 1; i <= 3; ++i) {
            ec2::Instance instance;
            instance.id = fmt::format("i-{}", i);
            instance.private_ip = fmt::format("10.0.1.{}", i);
            world.cloud().home().ec2.all[instance.id] = instance;
        }
        group = text_of("CreateTargetGroup",
                        {{"Name", "web"},
                         {"Protocol", "HTTP"},
                         {"Port", "80"},
                         {"VpcId", ec2::vpc_id},
                         {"HealthCheckIntervalSeconds", "5"}},
                        "CreateTargetGroupResult/TargetGroups/member/TargetGroupArn");
        const auto subnets = ec2::subnets_of("us-east-1");
        const auto balancer =
            text_of("CreateLoadBalancer",
                    {{"Name", "web"},
                     {"Subnets.member.1", subnets.at(0).id},
                     {"Subnets.member.2", subnets.at(1).id}},
                    "CreateLoadBalancerResult/LoadBalancers/member/LoadBalancerArn");
        text_of("CreateListener",
                {{"LoadBalancerArn", balancer},
                 {"Protocol", "HTTP"},
                 {"Port", "80"},
                 {"DefaultActions.member.1.Type", "forward"},
                 {"DefaultActions.member.1.TargetGroupArn", group}},
                "RequestId");
    }

    using Form = std::vector<std::pair<std::string, std::string>>;

    Answer call(const std::string& operation, const Form& form) {
        ApiCall call;
        call.service = "elasticloadbalancing";
        call.operation = operation;
        call.region = "us-east-1";
        call.protocol = wire::Protocol::query;
        call.now = world.now;
        for (const auto& [name, value] : form)
            call.form.add(name, value);
        return *world.cloud().home().elb.call(call);
    }

    std::string text_of(const std::string& operation, const Form& form, const std::string& path) {
        const auto answered = call(operation, form);
        EXPECT_TRUE(answered) << operation << ": " << (answered ? "" : answered.error().message);
        return wire::XmlDocument::parse(std::get<std::string>(*answered)).value().text_at(path);
    }

    void register_instances(int count) {
        Form form{{"TargetGroupArn", group}};
        for (int i = 1; i <= count; ++i)
            form.emplace_back(fmt::format("Targets.member.{}.Id", i), fmt::format("i-{}", i));
        ASSERT_TRUE(call("RegisterTargets", form));
    }

    // Those that get requests.
    [[nodiscard]] std::vector<std::string> open() const {
        std::vector<std::string> addresses;
        for (const auto& target : traffic.routes.begin()->second.targets)
            addresses.push_back(target.address);
        return addresses;
    }

    void round(const std::function<CheckOutcome(const CheckOrder&)>& with) {
        world.pass(Seconds(5));
        traffic.answer(with);
    }

    LabWorld world;
    FakeTraffic traffic;
    std::string group;
};

TEST_F(LoadBalancerTest, SendsRequestsToHealthyTargetsAndToAllWhenNoneIs) {
    register_instances(2);
    EXPECT_TRUE(open().empty());
    round([](const CheckOrder&) { return good; });
    EXPECT_EQ(open(), (std::vector<std::string>{"10.0.1.1", "10.0.1.2"}));
    const auto second_fails = [](const CheckOrder& order) {
        return order.endpoint.address == "10.0.1.2" ? wrong : good;
    };
    round(second_fails);
    EXPECT_EQ(open().size(), 2U) << "once is not enough";
    round(second_fails);
    EXPECT_EQ(open(), (std::vector<std::string>{"10.0.1.1"}));
    round([](const CheckOrder&) { return wrong; });
    round([](const CheckOrder&) { return wrong; });
    EXPECT_EQ(open().size(), 2U) << "it fails open";
}

TEST_F(LoadBalancerTest, ADeregisteredTargetDrainsAndIsForgotten) {
    register_instances(1);
    round([](const CheckOrder&) { return good; });
    ASSERT_TRUE(
        call("DeregisterTargets", {{"TargetGroupArn", group}, {"Targets.member.1.Id", "i-1"}}));
    EXPECT_TRUE(open().empty());
    const std::string path = "DescribeTargetHealthResult/TargetHealthDescriptions/member/"
                             "TargetHealth/";
    EXPECT_EQ(text_of("DescribeTargetHealth", {{"TargetGroupArn", group}}, path + "Reason"),
              "Target.DeregistrationInProgress");
    world.pass(Seconds(301));
    EXPECT_EQ(text_of("DescribeTargetHealth", {{"TargetGroupArn", group}}, path + "State"), "");
    EXPECT_EQ(text_of("DescribeTargetHealth",
                      {{"TargetGroupArn", group}, {"Targets.member.1.Id", "i-1"}},
                      path + "Reason"),
              "Target.NotRegistered");
}

TEST_F(LoadBalancerTest, RefusesWhatCannotBeMeant) {
    const auto code = [&](const std::string& operation, const Form& form) {
        const auto answered = call(operation, form);
        return answered ? std::string() : answered.error().code;
    };
    EXPECT_EQ(code("RegisterTargets", {{"TargetGroupArn", "arn:none"}}), "TargetGroupNotFound");
    EXPECT_EQ(code("RegisterTargets", {{"TargetGroupArn", group}, {"Targets.member.1.Id", "i-9"}}),
              "InvalidTarget");
    EXPECT_EQ(code("DeleteTargetGroup", {{"TargetGroupArn", group}}), "ResourceInUse");
    EXPECT_EQ(
        code("ModifyTargetGroup", {{"TargetGroupArn", group}, {"HealthCheckIntervalSeconds", "4"}}),
        "ValidationError");
    EXPECT_EQ(code("ModifyTargetGroup", {{"TargetGroupArn", group}, {"Matcher.HttpCode", "600"}}),
              "ValidationError");
}

} // namespace
} // namespace squall::lab::elb
