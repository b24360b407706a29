#include "corpus.h"
#include "squall/doctor/diagnose.h"
#include "squall/doctor/looks.h"

namespace squall::doctor {
namespace {

TEST(Names, AreFilledInWhereTheyAreKnown) {
    Names names;
    names.cluster = "web";
    names.instance = "i-1";
    EXPECT_EQ(filled_in("x --cluster {cluster} {instance} {instance}", names),
              "x --cluster web i-1 i-1");
    EXPECT_EQ(filled_in("{region}, {container_instance}, {role}, {account}", names),
              "REGION, CONTAINER_INSTANCE_ARN, ROLE, ACCOUNT");
    EXPECT_EQ(filled_in("--query '{Id:InstanceId}' {{.State}} {", names),
              "--query '{Id:InstanceId}' {{.State}} {");
}

TEST(Names, AreThoseOfThePartition) {
    Names names;
    const auto filled = [&](const std::string& region) {
        names.region = region;
        return filled_in("curl https://ecs.{region}.amazonaws.com/ arn:aws:iam::aws:policy/x",
                         names);
    };
    EXPECT_EQ(filled("cn-north-1"),
              "curl https://ecs.cn-north-1.amazonaws.com.cn/ arn:aws-cn:iam::aws:policy/x");
    EXPECT_EQ(filled("us-gov-west-1"),
              "curl https://ecs.us-gov-west-1.amazonaws.com/ arn:aws-us-gov:iam::aws:policy/x");
    EXPECT_EQ(filled("eu-west-1"),
              "curl https://ecs.eu-west-1.amazonaws.com/ arn:aws:iam::aws:policy/x");
}

TEST(Names, AreLearnedOnce) {
    Names names;
    Names first;
    first.cluster = "web";
    Names second;
    second.cluster = "default";
    second.region = "eu-west-1";
    names.learn(first);
    names.learn(second);
    EXPECT_EQ(names.cluster, "web");
    EXPECT_EQ(names.region, "eu-west-1");
}

// An archive may have been written by anybody, and remedies are run by people in a hurry.
TEST(Names, ThatAShellWouldTakeForMoreThanAWordAreNotLearned) {
    for (const char* name :
         {"web; reboot", "$(reboot)", "`reboot`", "a b", "--force", "a\nb", "a'b"}) {
        Names names;
        Names other;
        other.cluster = name;
        names.learn(other);
        EXPECT_EQ(names.cluster, "") << name;
    }
}

TEST(Names, OfALookStandInTheRemediesOfItsArchiveToo) {
    Look look{"introspection", Look::State::healthy, "registered", "", {}};
    look.names.cluster = "web";
    Look gone{"ec2", Look::State::finding, "gone", "", {Sign{"INSTANCE_GONE", {}, {}, {}, {}}}};
    gone.names.container_instance = "arn:aws:ecs:eu-west-1:1:container-instance/web/0a";
    const auto kept = looks_of_text(json::text(looks_json(std::vector{look, gone})));
    ASSERT_TRUE(kept) << kept.error().message;
    Case evidence;
    evidence.looks = *kept;
    evidence.now = corpus_now();
    const auto diagnosis = diagnose(catalogue(), std::move(evidence));
    ASSERT_FALSE(diagnosis.findings.empty());
    EXPECT_EQ(diagnosis.findings.front().remedy.front(),
              "`aws ecs deregister-container-instance --cluster web --container-instance "
              "arn:aws:ecs:eu-west-1:1:container-instance/web/0a --force`");
}

TEST(Names, ThatALogTellsStandInItsRemedies) {
    const auto diagnosis = diagnosed(corpus_text("iam-denied-discover-new.log"));
    ASSERT_EQ(causes_of(diagnosis), std::vector<std::string>{"IAM_DENIED"});
    EXPECT_NE(diagnosis.findings.front().remedy.front().find("--role-name web-role "),
              std::string::npos)
        << diagnosis.findings.front().remedy.front();
}

// What the catalogue leaves open is known by these names, or a reader would see the braces.
TEST(Names, AreAllThatTheCatalogueLeavesOpen) {
    for (const Cause& cause : catalogue().causes()) {
        for (const std::string& step : cause.remedy) {
            const std::string filled = filled_in(step, {});
            for (const NameField& field : name_fields())
                EXPECT_EQ(filled.find(fmt::format("{{{}}}", field.key)), std::string::npos);
            EXPECT_EQ(filled.find('{'), std::string::npos) << cause.id << ": " << filled;
        }
    }
}

} // namespace
} // namespace squall::doctor
