// Names of AWS's endpoints in the lab: questions and answers as bytes, and the zone.
#include "names/zone.h"

#include <gtest/gtest.h>

namespace squall::lab::names {
namespace {

// With the zeros in it.
template <std::size_t size>
std::string bytes(const char (&text)[size]) { // NOLINT(*-avoid-c-arrays)
    return {text, size - 1};
}

// A question as a client sends it; recursion is wanted.
std::string question(const std::string& name, char type = 1) {
    std::string text = bytes("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00");
    std::size_t from = 0;
    while (from <= name.size()) {
        const auto dot = std::min(name.find('.', from), name.size());
        text.push_back(static_cast<char>(dot - from));
        text += name.substr(from, dot - from);
        from = dot + 1;
    }
    return text + bytes("\0\0") + type + bytes("\0\x01");
}

std::string ask(const std::string& message) {
    static const Zone zone("us-east-1");
    return reply_to(message, [](const Question& asked) { return zone.answer(asked); });
}

TEST(DnsMessage, AnswersAnEndpointWithItsAddressUnderTheSameNumber) {
    const std::string asked = question("ECS.us-east-1.amazonaws.com");
    const std::string reply = ask(asked);
    // An answer, recursion wanted and available, no error; one question, one answer.
    EXPECT_EQ(reply.substr(0, 12), bytes("\x12\x34\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00"));
    EXPECT_EQ(reply.substr(12, asked.size() - 12), asked.substr(12)) << "in the asker's own case";
    EXPECT_EQ(reply.substr(asked.size()),
              bytes("\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\x0a\x00\x00\x0b"));
}

TEST(DnsMessage, SaysThatAnEndpointHasNoAddressOfIpv6AndThatAnotherNameIsNone) {
    const std::string no_address = ask(question("ecs.us-east-1.amazonaws.com", 28));
    EXPECT_EQ(no_address.substr(2, 6), bytes("\x81\x80\x00\x01\x00\x00"));
    const std::string no_name = ask(question("www.example.com"));
    EXPECT_EQ(no_name.substr(2, 6), bytes("\x81\x83\x00\x01\x00\x00"));
}

TEST(DnsMessage, RefusesWhatIsNoQuestionAndAnswersNoAnswer) {
    const std::string good = question("ecs.us-east-1.amazonaws.com");
    EXPECT_EQ(ask(good.substr(0, 11)), "");
    std::string an_answer = good;
    an_answer[2] = '\x81';
    EXPECT_EQ(ask(an_answer), "");
    std::string an_update = good;
    an_update[2] = '\x28';
    EXPECT_EQ(ask(an_update).substr(0, 4), bytes("\x12\x34\x80\x84"));
    std::string two = good;
    two[5] = 2;
    std::string compressed = good;
    compressed[12] = '\xc0';
    for (const std::string& bad :
         {two, compressed, good.substr(0, 20), good.substr(0, good.size() - 1), question("")})
        EXPECT_EQ(ask(bad).substr(0, 6), bytes("\x12\x34\x80\x81\x00\x00"));
}

TEST(DnsMessage, TakesANameOfTheGreatestLengthAndNoneBeyond) {
    const std::string label(63, 'a');
    const std::string most = label + "." + label + "." + label + "." + std::string(61, 'a');
    ASSERT_TRUE(parse_question(question(most)));
    EXPECT_EQ(parse_question(question(most))->name, most);
    EXPECT_FALSE(parse_question(question(most + "a")));
}

TEST(Zone, HasTheServicesOfEveryRegionAndTheBucketsOfS3) {
    const Zone zone("us-east-1");
    EXPECT_EQ(zone.address_of("ecs.us-east-1.amazonaws.com"), ecs_address);
    EXPECT_EQ(zone.address_of("ecs-a-1.us-east-1.amazonaws.com"), acs_address);
    EXPECT_EQ(zone.address_of("ecs-t-1.eu-west-1.amazonaws.com"), tcs_address);
    for (const char* name : {"ssm.us-east-1.amazonaws.com",
                             "sts.amazonaws.com",
                             "mine.s3.us-east-1.amazonaws.com",
                             "SQS.Us-East-1.AmazonAWS.com"})
        EXPECT_EQ(zone.address_of(name), services_address) << name;
    for (const char* name : {"us-east-1.amazonaws.com",
                             ".us-east-1.amazonaws.com",
                             "ecs.us-east-9.amazonaws.com",
                             "ecs.us-east-1.amazonaws.com.evil.org",
                             "notecs.us-east-1.amazonaws.com",
                             "amazonaws.com"})
        EXPECT_FALSE(zone.address_of(name)) << name;
}

TEST(Zone, KnowsTheLabsOwnRegionWhateverItIsCalled) {
    EXPECT_EQ(Zone("cn-north-1").address_of("ecs.cn-north-1.amazonaws.com.cn"), ecs_address);
    EXPECT_EQ(Zone("xx-test-1").address_of("ecs.xx-test-1.amazonaws.com"), ecs_address);
}

} // namespace
} // namespace squall::lab::names
