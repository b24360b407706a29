#include "squall/doctor/looks.h"

#include <gtest/gtest.h>

namespace squall::doctor {
namespace {

Look look() {
    Look look;
    look.check = "dns";
    look.state = Look::State::finding;
    look.summary = "ecs.us-east-1.amazonaws.com has no address";
    look.how = "getent hosts ecs.us-east-1.amazonaws.com";
    look.took = Millis(1234);
    Sign sign;
    sign.cause = "NET_DNS";
    sign.certainty = Certainty::likely;
    sign.summary = "10.0.0.2 does not answer";
    sign.evidence.push_back(
        {"resolv.conf", 3, "nameserver 10.0.0.2", WallTime(Millis(1'782'838'934'250))});
    sign.evidence.push_back({"getent hosts", 0, "nothing", {}});
    sign.remedy = {"dig @10.0.0.2 amazonaws.com"};
    sign.severity = Severity::heals;
    look.signs = {sign};
    return look;
}

TEST(Looks, ComeBackAsTheyWere) {
    const auto back = looks_of_text(json::indented_text(looks_json(std::vector{
        look(), Look{"proxy", Look::State::not_here, "none is set", "", {}, Millis(0)}})));
    ASSERT_TRUE(back.has_value()) << back.error().message;
    ASSERT_EQ(back->size(), 2U);
    const Look& first = back->front();
    EXPECT_EQ(first.check, "dns");
    EXPECT_EQ(first.state, Look::State::finding);
    EXPECT_EQ(first.summary, look().summary);
    EXPECT_EQ(first.how, look().how);
    EXPECT_EQ(first.took, Millis(1234));
    ASSERT_EQ(first.signs.size(), 1U);
    EXPECT_EQ(first.signs[0].cause, "NET_DNS");
    EXPECT_EQ(first.signs[0].certainty, Certainty::likely);
    EXPECT_EQ(first.signs[0].summary, "10.0.0.2 does not answer");
    EXPECT_EQ(first.signs[0].remedy, look().signs[0].remedy);
    EXPECT_EQ(first.signs[0].severity, Severity::heals);
    ASSERT_EQ(first.signs[0].evidence.size(), 2U);
    EXPECT_EQ(first.signs[0].evidence[0].file, "resolv.conf");
    EXPECT_EQ(first.signs[0].evidence[0].line, 3U);
    EXPECT_EQ(first.signs[0].evidence[0].text, "nameserver 10.0.0.2");
    EXPECT_EQ(first.signs[0].evidence[0].when, look().signs[0].evidence[0].when);
    EXPECT_FALSE(first.signs[0].evidence[1].when.has_value());
    EXPECT_EQ(back->back().state, Look::State::not_here);
}

TEST(Looks, AreWrittenWithoutSecrets) {
    Look secret = look();
    secret.summary = "AKIAIOSFODNN7EXAMPLE is denied";
    secret.signs[0].evidence[0].text = "HTTP_PROXY=http://me:hunter2@p:1";
    const std::string text = json::text(looks_json(std::vector{secret}));
    EXPECT_EQ(text.find("AKIA"), std::string::npos);
    EXPECT_EQ(text.find("hunter2"), std::string::npos);
    EXPECT_NE(text.find("@p:1"), std::string::npos);
}

TEST(Looks, OfSomebodyElseAreReadWithCare) {
    EXPECT_FALSE(looks_of_text("no json").has_value());
    EXPECT_FALSE(looks_of_text("{}").has_value());
    EXPECT_FALSE(looks_of_text(R"([{"check":"x","state":"splendid"}])").has_value());
    EXPECT_FALSE(looks_of_text(R"([1])").has_value());
    const auto looks = looks_of_text(
        R"([{"check":"x","state":"healthy","summary":"a\u001b[31mb","took_ms":-5,"signs":[{"cause":1,"certainty":"absolutely","evidence":[{"line":-1,"when":"soon"}]}]}])");
    ASSERT_TRUE(looks.has_value()) << looks.error().message;
    EXPECT_EQ(looks->front().summary, "a?[31mb");
    EXPECT_EQ(looks->front().took, Millis(0));
    EXPECT_EQ(looks->front().signs.front().certainty, Certainty::possible);
    EXPECT_EQ(looks->front().signs.front().evidence.front().line, 0U);
}

} // namespace
} // namespace squall::doctor
