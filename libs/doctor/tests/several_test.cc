#include "squall/doctor/several.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace squall::doctor {
namespace {

using Hosts = std::vector<std::string>;

Finding finding(std::string cause, std::string summary, std::vector<std::string> remedy = {}) {
    Finding made;
    made.cause = std::move(cause);
    made.summary = std::move(summary);
    made.remedy = std::move(remedy);
    return made;
}

Look look(std::string check, Look::State state = Look::State::healthy, std::string summary = {}) {
    Look made;
    made.check = std::move(check);
    made.state = state;
    made.summary = std::move(summary);
    return made;
}

Examined host(const std::string& id, std::vector<Finding> findings) {
    Examined made{{id, "arn:aws:ecs:eu-west-1:1:container-instance/web/of-" + id}, {}};
    made.diagnosis.verdict = findings.empty() ? Verdict::unknown : Verdict::finding;
    made.diagnosis.findings = std::move(findings);
    return made;
}

std::vector<Hosts> groups(const std::vector<Examined>& all) {
    std::vector<Hosts> found;
    for (const Alike& alike : put_together(all))
        found.push_back(alike.hosts);
    return found;
}

Examined closed_by(const std::string& id, const std::string& what, const std::string& suffix = "") {
    return host(
        id,
        {finding(
            "NET_API_TIMEOUT",
            fmt::format("{} lets no answers in: no way from {} to ECS's API{}", what, id, suffix),
            {"aws ec2 create-network-acl-entry for " + what})});
}

TEST(Several, OfOneCauseAndTwoCulpritsAreTwoGroupsBesideEachOther) {
    const auto found = put_together(std::vector{closed_by("i-1", "acl-0a"),
                                                host("i-5", {finding("DOCKER_DOWN", "x")}),
                                                closed_by("i-2", "sg-0b"),
                                                host("i-6", {finding("DOCKER_DOWN", "x")}),
                                                closed_by("i-3", "sg-0b")});
    ASSERT_EQ(found.size(), 3U);
    EXPECT_EQ(found[0].hosts, (Hosts{"i-2", "i-3"}));
    EXPECT_EQ(found[1].hosts, (Hosts{"i-1"})) << "before what is commoner than it, but of another";
    EXPECT_EQ(found[1].diagnosis.findings.front().remedy.front(),
              "aws ec2 create-network-acl-entry for acl-0a");
    EXPECT_EQ(found[2].hosts, (Hosts{"i-5", "i-6"}));
}

TEST(Several, OfOneCulpritAreOneGroupHoweverSureEachIs) {
    std::vector<Examined> all;
    all.reserve(40);
    for (int i = 0; i < 40; ++i)
        all.push_back(closed_by(fmt::format("i-0{}", i),
                                "acl-0a",
                                i % 3 == 0   ? ""
                                : i % 3 == 1 ? ", unless its agent goes through a proxy"
                                             : fmt::format(". The agent last connected to ACS at "
                                                           "2026-03-11T08:00:0{}Z (x.log:{}).",
                                                           i % 10,
                                                           i)));
    all[7].diagnosis.findings.front().certainty = Certainty::likely;
    const auto found = put_together(all);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found.front().hosts.size(), 40U);
    EXPECT_EQ(found.front().diagnosis.findings.front().certainty, Certainty::likely);
}

TEST(Several, AreAlikeButForTheirOwnNamesNumbersTimesAndPublicAddresses) {
    const std::vector<std::pair<std::string, std::string>> alike{
        {"restarted 5 times", "restarted 12 times"},
        {"the clock is 7200 s ahead", "the clock is 7199 s ahead"},
        {"stopped since Sun 2026-11-22 18:34:09 UTC", "stopped since Mon 2026-11-23 08:00:00 UTC"},
        {"It is full. Seen 3 times from 2026-11-22T18:34:09Z to 2026-11-22T19:34:09Z.",
         "It is full. Seen 2 times at 2026-11-22T18:34:10Z."},
        {"/var is 99 % used, 1.5 GiB free", "/var is 100 % used, 12 MiB free"},
        {"No answer from 52.94.1.7:443.", "No answer from 52.94.9.8:443."},
        {"No answer from ecs-a-1.eu-west-1.amazonaws.com",
         "No answer from "
         "ecs-a-3.eu-west-1.amazonaws.com"},
        {"process 77 (backup) holds it", "process 9123 (backup) holds it"},
        {"i-1 has no profile", "i-2 has no profile"}};
    for (const auto& [one, other] : alike) {
        EXPECT_EQ(groups({host("i-1", {finding("A", one)}), host("i-2", {finding("A", other)})}),
                  (std::vector<Hosts>{{"i-1", "i-2"}}))
            << one;
    }
}

TEST(Several, AreNotAlikeWhereSomethingElseIsToBeMended) {
    const std::vector<std::pair<std::string, std::string>> different{
        {"api: the proxy answers 407", "api: the proxy answers 503"},
        {"api: the proxy answers 407", "api: nobody listens where its proxy is to be"},
        {"The proxy is 10.0.0.20:8080.", "The proxy is 10.0.0.21:8080."},
        {"api: the connection is refused", "acs: the connection is refused"},
        {"ECS_BACKEND_HOST is https://a", "ECS_BACKEND_HOST is https://b"},
        {"rtb-01 has no route", "rtb-02 has no route"}};
    for (const auto& [one, other] : different)
        EXPECT_EQ(groups({host("i-1", {finding("A", one)}), host("i-2", {finding("A", other)})}),
                  (std::vector<Hosts>{{"i-1"}, {"i-2"}}))
            << one;
    EXPECT_EQ(groups({host("i-1", {finding("A", "x", {"mend a"})}),
                      host("i-2", {finding("A", "x", {"mend a", "mend b, too"})})})
                  .size(),
              2U);
    EXPECT_EQ(groups({host("i-1", {finding("A", "x", {"mend a"})}),
                      host("i-2", {finding("A", "x", {"mend b"})})})
                  .size(),
              2U);
}

TEST(Several, WhatNotAllHaveSaysWhoHasIt) {
    Examined one = host("i-1", {finding("A", "x"), finding("B", "also")});
    Examined two = host("i-2", {finding("A", "x")});
    two.diagnosis.could_not_look = {look("firewall", Look::State::could_not_look, "no iptables")};
    one.diagnosis.healthy = {look("disk"), look("clock")};
    two.diagnosis.healthy = {look("clock"), look("docker")};
    const auto found = put_together(std::vector{one, two});
    ASSERT_EQ(found.size(), 1U);
    const Diagnosis& together = found.front().diagnosis;
    ASSERT_EQ(together.findings.size(), 2U);
    EXPECT_EQ(together.findings[0].summary, "x");
    EXPECT_EQ(together.findings[1].summary, "i-1: also");
    ASSERT_EQ(together.could_not_look.size(), 1U);
    EXPECT_EQ(together.could_not_look.front().summary, "i-2: no iptables");
    ASSERT_EQ(together.healthy.size(), 1U);
    EXPECT_EQ(together.healthy.front().check, "clock");
}

TEST(Several, ARemedyWithAHostsOwnNamesSaysWhoseItIs) {
    const auto stopped = [](const std::string& id) {
        return host(id, {finding("INSTANCE_STOPPED", "stopped", {"start " + id})});
    };
    const auto found = put_together(std::vector{stopped("i-1"), stopped("i-2")});
    ASSERT_EQ(found.size(), 1U);
    EXPECT_NE(found.front().diagnosis.findings.front().summary.find("of i-1"), std::string::npos);
    EXPECT_EQ(put_together(std::vector{stopped("i-1")}).front().diagnosis.findings.front().summary,
              "stopped");
}

TEST(Several, WithoutAFindingAreTogetherByTheirVerdict) {
    Examined well = host("i-3", {});
    well.diagnosis.verdict = Verdict::healthy;
    EXPECT_EQ(groups({host("i-1", {}), well, host("i-2", {})}),
              (std::vector<Hosts>{{"i-1", "i-2"}, {"i-3"}}));
    EXPECT_TRUE(groups({}).empty());
}

} // namespace
} // namespace squall::doctor
