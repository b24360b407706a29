// WITH_FAULTS: several faults on the same requests.
#include "fake_tasks.h"

#include <gtest/gtest.h>

namespace squall::experiment {
namespace {

std::string problems(const char* fault, RawValues given) {
    HttpWorld test(fmt::format("ecs-container-http-{}", fault));
    given["SERVICE_NAME"] = {"web", "test"};
    return test.problems_of(std::move(given));
}

TEST(HttpKinds, EveryFaultIsGivenToTheHelperWithItsOwnSettings) {
    HttpWorld test("ecs-container-http-latency");
    const auto plan = test.plan_of(with({{"WITH_FAULTS", "modify-body,status-code"},
                                         {"LATENCY", "250"},
                                         {"STATUS_CODE", "418"},
                                         {"MODIFY_RESPONSE_BODY", "false"},
                                         {"RESPONSE_BODY", "tea"},
                                         {"PATHS", "/a*"}}))
                          .value();
    const auto& script = plan.scripts[0].inject;
    for (const char* words : {"'--fault' 'latency' '--set' 'EVERY_NTH=1' '--set' 'JITTER=0' "
                              "'--set' 'LATENCY=250' '--set' 'PATHS=/a*'",
                              "'--fault' 'status-code' '--set' 'EVERY_NTH=1' '--set' "
                              "'MODIFY_RESPONSE_BODY=false' '--set' 'PATHS=/a*' '--set' "
                              "'STATUS_CODE=418'",
                              "'--fault' 'modify-body' '--set' 'EVERY_NTH=1' '--set' 'PATHS=/a*' "
                              "'--set' 'RESPONSE_BODY=tea'"})
        EXPECT_NE(script.find(words), std::string::npos) << words << "\nin\n" << script;
    EXPECT_FALSE(plan.tunables.has("RESET_TIMEOUT")) << "of a fault that is not meant";
    const auto again = Plan::from_json(plan.to_json()).value();
    EXPECT_EQ(again.tunables.text("RESPONSE_BODY"), "tea");
}

TEST(HttpKinds, WithoutOthersNothingOfThemIsInThePlan) {
    HttpWorld test("ecs-container-http-latency");
    const auto plan = test.plan_of({}).value();
    for (const char* name : {"STATUS_CODE", "RESET_TIMEOUT", "RESPONSE_BODY"})
        EXPECT_FALSE(plan.tunables.has(name)) << name;
    EXPECT_TRUE(plan.tunables.has("LATENCY"));
}

TEST(HttpKinds, ASettingOfAFaultThatIsNotMeantIsAMistake) {
    EXPECT_NE(problems("latency", with({{"STATUS_CODE", "429"}}))
                  .find("test: STATUS_CODE is of the fault status-code: add that to WITH_FAULTS"),
              std::string::npos);
    EXPECT_EQ(problems("latency", with({{"STATUS_CODE", "429"}, {"WITH_FAULTS", "status-code"}})),
              "");
    EXPECT_NE(problems("latency", with({{"WITH_FAULTS", "latency"}})), "") << "it is itself";
    EXPECT_NE(problems("latency", with({{"WITH_FAULTS", "status-code,status-code"}})), "");
    EXPECT_NE(problems("latency", with({{"WITH_FAULTS", "status-code"}, {"STATUS_CODE", "99"}})),
              "");
    EXPECT_NE(problems("status-code", with({{"WITH_FAULTS", "latency"}, {"JITTER", "5000"}}))
                  .find("JITTER"),
              std::string::npos)
        << "as the helper would say";
}

TEST(HttpKinds, FaultsThatLeaveNothingToEachOtherAreRefused) {
    EXPECT_NE(problems("reset-peer", with({{"WITH_FAULTS", "latency"}})).find("TOXICITY"),
              std::string::npos);
    EXPECT_NE(problems("latency", with({{"WITH_FAULTS", "reset-peer"}, {"PATHS", "/a"}})), "");
    EXPECT_EQ(problems("reset-peer", with({{"WITH_FAULTS", "latency"}, {"TOXICITY", "50"}})), "");
    EXPECT_EQ(problems("reset-peer", with({{"WITH_FAULTS", "latency"}, {"RESET_AT", "response"}})),
              "");
    EXPECT_NE(
        problems("reset-peer",
                 with({{"WITH_FAULTS", "status-code"}, {"RESET_AT", "request"}, {"TOXICITY", "5"}}))
            .find("MODIFY_RESPONSE_BODY=false"),
        std::string::npos);
    EXPECT_NE(problems("modify-body", with({{"WITH_FAULTS", "status-code"}}))
                  .find("MODIFY_RESPONSE_BODY=false"),
              std::string::npos);
}

TEST(HttpKinds, VariablesOfFaultsThatAreNotMeantAreNobodysBusiness) {
    HttpWorld test("ecs-container-http-status-code");
    const auto values = test.values_of({}, {{"LATENCY", "high"}, {"STATUS_CODE", "500"}}).value();
    EXPECT_EQ(values.number("STATUS_CODE"), 500);
    EXPECT_EQ(values.text("LATENCY"), "2000");
}

TEST(HttpKinds, ItsCanaryWaitsForTheDelayOfAnyOfThem) {
    HttpWorld test("ecs-container-http-status-code");
    const auto plan = test.plan_of(with({{"WITH_FAULTS", "latency"}, {"LATENCY", "3000"}})).value();
    EXPECT_NE(plan.scripts[0].inject.find("'--canary-wait' '8000'"), std::string::npos);
}

} // namespace
} // namespace squall::experiment
