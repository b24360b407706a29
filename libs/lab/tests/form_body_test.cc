#include "api/form_body.h"

#include "api/query_codes.h"

#include <gtest/gtest.h>

namespace squall::lab {
namespace {

std::string body_of(std::string_view service, std::string_view operation, std::string_view form) {
    return json::canonical_text(
        body_of_form(service, operation, wire::QueryParameters::parse(form).value()));
}

TEST(FormBody, HasTheNamesAndTypesOfTheJsonOfSqs) {
    EXPECT_EQ(body_of("sqs",
                      "SendMessage",
                      "MessageBody=7&DelaySeconds=7&MessageAttribute.1.Name=n&"
                      "MessageAttribute.1.Value.DataType=String&"
                      "MessageAttribute.1.Value.StringValue=v"),
              R"({"DelaySeconds":7,"MessageAttributes":{"n":{"DataType":"String",)"
              R"("StringValue":"v"}},"MessageBody":"7"})");
    EXPECT_EQ(
        body_of("sqs",
                "DeleteMessageBatch",
                "DeleteMessageBatchRequestEntry.10.Id=b&DeleteMessageBatchRequestEntry.2.Id=a"),
        R"({"Entries":[{"Id":"a"},{"Id":"b"}]})");
    EXPECT_EQ(body_of("sqs", "ReceiveMessage", "AttributeName=All&MessageAttributeName.1=a"),
              R"({"AttributeNames":["All"],"MessageAttributeNames":["a"]})");
    // A number that is none is left for the service to refuse.
    EXPECT_EQ(body_of("sqs", "ReceiveMessage", "WaitTimeSeconds=x"), R"({"WaitTimeSeconds":"x"})");
}

TEST(FormBody, ReadsMembersAndEntriesOfSns) {
    EXPECT_EQ(body_of("sns",
                      "Subscribe",
                      "Attributes.entry.1.key=a&Attributes.entry.1.value=b&Tags.member.1.Key=k"),
              R"({"Attributes":{"a":"b"},"Tags":[{"Key":"k"}]})");
}

TEST(FormBody, LeavesOutWhatNestsTooDeep) {
    std::string name = "a";
    for (int i = 0; i < 100'000; ++i)
        name += ".a";
    EXPECT_EQ(body_of("sqs", "SendMessage", name + "=x"), "{}");
    EXPECT_EQ(body_of("sqs", "SendMessage", "a=first&a.b=second&a=third"),
              R"({"a":{"b":"second"}})");
}

TEST(FormBody, WritesAnAnswerAsTheQueryProtocolHasIt) {
    ApiCall call;
    call.service = "sqs";
    call.operation = "ReceiveMessage";
    call.request_id = "r";
    const json::Object message{{"Body", "<"}, {"Attributes", json::Object{{"SenderId", "me"}}}};
    EXPECT_NE(xml_of(call, {{"Messages", json::Array{message}}})
                  .find("<ReceiveMessageResult><Message><Body>&lt;</Body><Attribute><Name>SenderId"
                        "</Name><Value>me</Value></Attribute></Message></ReceiveMessageResult>"),
              std::string::npos);
    call.operation = "DeleteMessage";
    EXPECT_EQ(xml_of(call, {}).find("Result"), std::string::npos);
}

TEST(QueryCodes, GiveBothNamesToClientsOfTheNewerProtocol) {
    const wire::ServiceError error{"QueueDoesNotExist", "x", 400};
    const auto json_answer = error_response_of("sqs", wire::Protocol::json_1_0, error, "r");
    EXPECT_EQ(wire::header_value(json_answer.headers, "x-amzn-query-error"),
              "AWS.SimpleQueueService.NonExistentQueue;Sender");
    EXPECT_NE(json_answer.body.find("com.amazonaws.sqs#QueueDoesNotExist"), std::string::npos);
    const auto form_answer = error_response_of("sqs", wire::Protocol::query, error, "r");
    EXPECT_NE(form_answer.body.find("<Code>AWS.SimpleQueueService.NonExistentQueue</Code>"),
              std::string::npos);
}

} // namespace
} // namespace squall::lab
