#include "squall/fault/fault_set.h"

#include <gtest/gtest.h>

namespace squall::fault {
namespace {

using Set = std::map<std::string, std::string>;

std::unique_ptr<FaultSet> made(const std::string& name, Set settings, std::uint64_t seed = 1) {
    auto set = FaultSet::make({{name, std::move(settings)}}, seed);
    EXPECT_TRUE(set.has_value()) << set.error().message;
    return std::move(*set);
}

std::string problem(const std::string& name, Set settings) {
    const auto set = FaultSet::make({{name, std::move(settings)}}, 1);
    return set ? "none" : set.error().message;
}

http::RequestHead request(const std::string& line, const std::string& fields = "") {
    static std::string kept;
    kept = line + " HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
    http::RequestHead head;
    EXPECT_FALSE(head.read(kept));
    return head;
}

TEST(StatusCode, AnswersByItselfUnlessToldToAskTheApplication) {
    const auto answers = made("status-code", {{"STATUS_CODE", "429"}, {"RETRY_AFTER", "7"}});
    const auto treatment = answers->treat(request("GET /"));
    ASSERT_TRUE(treatment.answer);
    EXPECT_NE(treatment.answer->bytes(false, false).find("429 Too Many Requests\r\n"),
              std::string_view::npos);
    EXPECT_NE(treatment.answer->bytes(false, false).find("Retry-After: 7\r\n"),
              std::string_view::npos);
    const auto asks = made("status-code", {{"MODIFY_RESPONSE_BODY", "false"}});
    EXPECT_EQ(asks->treat(request("GET /")).status, 503);
    EXPECT_FALSE(asks->treat(request("GET /")).answer);
    const auto upgrade =
        asks->treat(request("GET /", "Connection: upgrade\r\nUpgrade: websocket\r\n"));
    EXPECT_TRUE(upgrade.answer) << "a WebSocket is refused: it has no status to change later";
}

TEST(StatusCode, TakesEveryStatusThatCanBeTheLastWord) {
    for (int status = 200; status <= 599; ++status)
        EXPECT_EQ(problem("status-code", {{"STATUS_CODE", std::to_string(status)}}), "none");
    for (const char* status : {"100", "199", "600", "0", "-1", "abc", "", "5e2"})
        EXPECT_NE(problem("status-code", {{"STATUS_CODE", status}}).find("200 to 599"),
                  std::string::npos)
            << status;
}

TEST(Latency, AddsWhatItIsToldGiveOrTakeTheJitter) {
    EXPECT_EQ(made("latency", {})->treat(request("GET /")).delay, Millis(2000));
    const auto spread = made("latency", {{"LATENCY", "100"}, {"JITTER", "30"}});
    std::set<Millis> seen;
    for (int i = 0; i < 400; ++i)
        seen.insert(spread->treat(request("GET /")).delay);
    EXPECT_GE(*seen.begin(), Millis(70));
    EXPECT_LE(*seen.rbegin(), Millis(130));
    EXPECT_GT(seen.size(), 30U);
    EXPECT_NE(problem("latency", {{"LATENCY", "10"}, {"JITTER", "11"}}).find("JITTER"),
              std::string::npos);
}

TEST(ModifyBody, ReplacesTheBodyOrOnlyHeaders) {
    const auto body = made("modify-body", {{"RESPONSE_BODY", "x"}})->treat(request("GET /"));
    EXPECT_EQ(*body.body, "x");
    const auto headers =
        made("modify-body", {{"HEADERS", R"({"X-A": "1"})"}})->treat(request("GET /"));
    EXPECT_FALSE(headers.body) << "with headers alone the body stays";
    ASSERT_TRUE(headers.fields);
    EXPECT_EQ(headers.fields->at(0), (std::pair<std::string, std::string>("X-A", "1")));
    for (const char* bad : {"x",
                            "[]",
                            R"({"A B": "1"})",
                            R"({"A": 1})",
                            R"({"A": "\r\nB: 2"})",
                            R"({"Content-Length": "5"})",
                            R"({"transfer-encoding": "x"})"})
        EXPECT_NE(problem("modify-body", {{"HEADERS", bad}}), "none") << bad;
    EXPECT_NE(problem("modify-body", {{"CONTENT_TYPE", "a\r\nb"}}), "none");
}

TEST(ResetPeer, ConcernsWholeConnectionsUnlessRequestsAreChosen) {
    const auto whole = made("reset-peer", {{"RESET_TIMEOUT", "250"}});
    EXPECT_EQ(whole->reset_after_accept(), Millis(250));
    EXPECT_FALSE(whole->treat(request("GET /")).is_any());
    const auto chosen = made("reset-peer", {{"RESET_TIMEOUT", "250"}, {"PATHS", "/pay"}});
    EXPECT_EQ(chosen->reset_after_accept(), std::nullopt);
    EXPECT_EQ(chosen->treat(request("GET /pay?x")).reset_after_accept, Millis(250));
    EXPECT_FALSE(chosen->treat(request("GET /")).is_any());
    const auto middle = made("reset-peer", {{"RESET_AT", "response"}});
    EXPECT_EQ(middle->reset_after_accept(), std::nullopt);
    EXPECT_EQ(middle->treat(request("GET /")).reset, http::ResetAt::response);
    EXPECT_NE(problem("reset-peer", {{"RESET_AT", "never"}}), "none");
    EXPECT_NE(problem("reset-peer", {{"RESET_AT", "request"}, {"RESET_TIMEOUT", "5"}}), "none");
}

TEST(Match, MeansWhatAllOfItsConditionsMean) {
    const auto set = made("latency",
                          {{"PATHS", "/api/*, /one"},
                           {"EXEMPT_PATHS", "/api/health"},
                           {"METHODS", "GET,PUT"},
                           {"MATCH_HEADERS", "X-Chaos: yes, X-Any"}});
    const std::string fields = "x-chaos: yes\r\nX-Any: 7\r\n";
    const auto is_meant = [&](const std::string& line, const std::string& given) {
        return set->treat(request(line, given)).is_any();
    };
    EXPECT_TRUE(is_meant("GET /api/a?b", fields));
    EXPECT_TRUE(is_meant("PUT /one?q=1", fields));
    EXPECT_TRUE(is_meant("GET http://a/api/x", fields));
    EXPECT_FALSE(is_meant("GET /one/more", fields));
    EXPECT_FALSE(is_meant("GET /api/health", fields));
    EXPECT_FALSE(is_meant("POST /one", fields));
    EXPECT_FALSE(is_meant("GET /one", "X-Chaos: no\r\nX-Any: 7\r\n"));
    EXPECT_FALSE(is_meant("GET /one", "X-Chaos: yes\r\n"));
}

TEST(Match, TakesAShareOrEveryNthOfWhatIsMeant) {
    const auto third = made("latency", {{"EVERY_NTH", "3"}, {"EXEMPT_PATHS", "/health"}});
    std::string seen;
    for (int i = 0; i < 9; ++i) {
        EXPECT_FALSE(third->treat(request("GET /health")).is_any());
        seen += third->treat(request("GET /")).is_any() ? 'x' : '-';
    }
    EXPECT_EQ(seen, "--x--x--x");
    const auto share = made("latency", {{"TOXICITY", "30"}}, 7);
    int met = 0;
    for (int i = 0; i < 10'000; ++i)
        met += share->treat(request("GET /")).is_any() ? 1 : 0;
    EXPECT_NEAR(met, 3000, 250) << "seed 7";
    const auto none = made("latency", {{"TOXICITY", "0"}});
    EXPECT_FALSE(none->treat(request("GET /")).is_any());
}

TEST(FaultSet, CombinesSeveralFaultsOnOnePort) {
    auto set = FaultSet::make({{"latency", {{"LATENCY", "100"}}},
                               {"latency", {{"LATENCY", "20"}, {"PATHS", "/slow"}}},
                               {"status-code", {{"STATUS_CODE", "500"}, {"PATHS", "/bad"}}}},
                              1);
    ASSERT_TRUE(set) << set.error().message;
    EXPECT_EQ((*set)->treat(request("GET /slow")).delay, Millis(120));
    const auto bad = (*set)->treat(request("GET /bad"));
    EXPECT_TRUE(bad.answer && bad.delay == Millis(100));
}

TEST(FaultSet, SaysWhatNeedsNoLookAtRequests) {
    const auto nothing = FaultSet::make({}, 1);
    ASSERT_TRUE(nothing.has_value());
    EXPECT_TRUE((*nothing)->treats_nothing());
    EXPECT_FALSE((*nothing)->answer_to_all());
    const auto all = made("status-code", {{"STATUS_CODE", "429"}});
    EXPECT_FALSE(all->treats_nothing());
    ASSERT_TRUE(all->answer_to_all());
    EXPECT_EQ(all->answer_to_all(), all->treat(request("GET /")).answer);
    for (const auto& [name, value] : Set{{"PATHS", "/a"},
                                         {"EXEMPT_PATHS", "/a"},
                                         {"METHODS", "GET"},
                                         {"MATCH_HEADERS", "a"},
                                         {"TOXICITY", "99"},
                                         {"EVERY_NTH", "2"},
                                         {"MODIFY_RESPONSE_BODY", "false"}})
        EXPECT_FALSE(made("status-code", {{name, value}})->answer_to_all()) << name;
    EXPECT_FALSE(made("latency", {})->answer_to_all());
    const auto two = FaultSet::make({{"status-code", {}}, {"latency", {}}}, 1);
    ASSERT_TRUE(two.has_value());
    EXPECT_FALSE((*two)->answer_to_all()) << "the answer is to be late";
}

TEST(FaultSet, NamesEveryProblemAtOnce) {
    const auto set = FaultSet::make(
        {{"latency", {{"LATENCY", "soon"}, {"LATENCI", "1"}, {"PATHS", "x,/a*b"}}}, {"lag", {}}},
        1);
    ASSERT_FALSE(set);
    const std::string& text = set.error().message;
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 4) << text;
    EXPECT_NE(text.find("LATENCY is meant?"), std::string::npos);
    EXPECT_NE(text.find("there is no fault 'lag'; there are reset-peer"), std::string::npos);
}

} // namespace
} // namespace squall::fault
