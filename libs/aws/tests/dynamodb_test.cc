#include "squall/aws/dynamodb.h"

#include "fake_aws.h"

#include <gtest/gtest.h>

namespace squall::aws {
namespace {

class DynamoDbTest : public testing::Test {
protected:
    void answer(const std::string& operation, const json::Object& with) {
        world.aws.on("dynamodb:" + operation,
                     [with](const Received&) { return json_answer(with); });
    }

    void refuse(const std::string& operation, const std::string& code, const std::string& text) {
        world.aws.on("dynamodb:" + operation, [=](const Received& received) {
            return error_answer(received, "com.amazonaws.dynamodb.v20120810#" + code, text);
        });
    }

    [[nodiscard]] std::string last_input() const {
        return json::text(world.aws.received().back().input);
    }

    World world;
    DynamoDb dynamodb{world.client};
};

TEST_F(DynamoDbTest, AnItemIsReadAsItIsAfterTheLastWrite) {
    answer("GetItem", {{"Item", {{"pk", {{"S", "lease"}}}, {"epoch", {{"N", "7"}}}}}});
    const auto item = dynamodb.get_item({"state", {{"pk", "lease"}}}, world.soon(), {}).value();
    ASSERT_TRUE(item);
    EXPECT_EQ(text_at(*item, "pk"), "lease");
    EXPECT_EQ(integer_at(*item, "epoch"), 7);
    EXPECT_EQ(last_input(),
              R"({"TableName":"state","Key":{"pk":{"S":"lease"}},"ConsistentRead":true})");
    EXPECT_EQ(world.aws.received().back().server.host, "dynamodb.us-east-1.amazonaws.com");
    answer("GetItem", {});
    EXPECT_FALSE(dynamodb.get_item({"state", {{"pk", "none"}}}, world.soon(), {}).value());
}

TEST_F(DynamoDbTest, AConditionThatDoesNotHoldIsAConflict) {
    answer("PutItem", {});
    const Expression condition{
        "attribute_not_exists(#k) OR expires < :now", {{"#k", "pk"}}, {{":now", 5}}};
    const Item item{{"pk", "lease"}, {"expires", 9}};
    EXPECT_TRUE(dynamodb.put_item("state", item, condition, world.soon(), {}));
    EXPECT_EQ(last_input(),
              R"({"TableName":"state","Item":{"expires":{"N":"9"},"pk":{"S":"lease"}},)"
              R"("ConditionExpression":"attribute_not_exists(#k) OR expires < :now",)"
              R"("ExpressionAttributeNames":{"#k":"pk"},)"
              R"("ExpressionAttributeValues":{":now":{"N":"5"}}})");
    refuse("PutItem", "ConditionalCheckFailedException", "The conditional request failed");
    const auto lost = dynamodb.put_item("state", item, condition, world.soon(), {}).error();
    EXPECT_EQ(lost.kind, Errc::conflict);
    EXPECT_FALSE(lost.may_have_arrived);
    refuse("PutItem", "ResourceNotFoundException", "Requested resource not found");
    EXPECT_EQ(dynamodb.put_item("state", item, {}, world.soon(), {}).error().kind, Errc::not_found);
    EXPECT_EQ(world.aws.received().size(), 3U) << "none of them is repeated";
}

TEST_F(DynamoDbTest, AConflictWithOurOwnLostAttemptSaysSo) {
    refuse("PutItem", "ConditionalCheckFailedException", "The conditional request failed");
    world.aws.on_first(1, "dynamodb:PutItem", [](const Received&) { return connection_lost(); });
    const auto error = dynamodb.put_item("state", {{"pk", "x"}}, {}, world.soon(), {}).error();
    EXPECT_EQ(error.kind, Errc::conflict);
    EXPECT_TRUE(error.may_have_arrived);
}

TEST_F(DynamoDbTest, AnUpdateAnswersTheWholeItem) {
    answer("UpdateItem", {{"Attributes", {{"pk", {{"S", "lease"}}}, {"epoch", {{"N", "8"}}}}}});
    const ItemUpdate update{{"state", {{"pk", "lease"}}},
                            "SET epoch = epoch + :one",
                            {"epoch = :seen", {}, {{":one", 1}, {":seen", 7}}}};
    const auto item = dynamodb.update_item(update, world.soon(), {}).value();
    EXPECT_EQ(integer_at(item, "epoch"), 8);
    EXPECT_EQ(last_input(),
              R"({"TableName":"state","Key":{"pk":{"S":"lease"}},)"
              R"("UpdateExpression":"SET epoch = epoch + :one",)"
              R"("ConditionExpression":"epoch = :seen",)"
              R"("ExpressionAttributeValues":{":one":{"N":"1"},":seen":{"N":"7"}},)"
              R"("ReturnValues":"ALL_NEW"})");
}

TEST_F(DynamoDbTest, AnItemIsDeletedUnderItsCondition) {
    answer("DeleteItem", {});
    EXPECT_TRUE(dynamodb.delete_item(
        {"state", {{"pk", "lease"}}}, {"holder = :me", {}, {{":me", "a"}}}, world.soon(), {}));
    EXPECT_EQ(last_input(),
              R"({"TableName":"state","Key":{"pk":{"S":"lease"}},)"
              R"("ConditionExpression":"holder = :me",)"
              R"("ExpressionAttributeValues":{":me":{"S":"a"}}})");
}

TEST_F(DynamoDbTest, AQueryIsReadToItsLastPageOrToAsManyAsAreWanted) {
    // Thirty items in pages of ten.
    world.aws.on("dynamodb:Query", [](const Received& received) {
        const json::Value& start = json::at(received.input, "ExclusiveStartKey");
        const auto from =
            std::stoi(std::string(json::string_at(json::at(start, "sk"), "N", "-1"))) + 1;
        json::Array items;
        for (int i = from; i < from + 10; ++i)
            items.push_back(json::Object{{"sk", {{"N", std::to_string(i)}}}});
        json::Object page{{"Items", items}};
        if (from < 20) page["LastEvaluatedKey"] = items.back();
        return json_answer(page);
    });
    ItemQuery query{"state", "", {"pk = :p", {}, {{":p", "log"}}}};
    const auto all = dynamodb.query(query, world.soon(), {}).value();
    ASSERT_EQ(all.size(), 30U);
    EXPECT_EQ(integer_at(all[29], "sk"), 29);
    EXPECT_EQ(world.aws.received().size(), 3U);
    query.items_max = 12;
    query.backward = true;
    query.consistent_read = true;
    EXPECT_EQ(dynamodb.query(query, world.soon(), {}).value().size(), 12U);
    EXPECT_EQ(json::text(world.aws.received()[3].input),
              R"({"TableName":"state","KeyConditionExpression":"pk = :p",)"
              R"("ExpressionAttributeValues":{":p":{"S":"log"}},"ScanIndexForward":false,)"
              R"("ConsistentRead":true,"Limit":12})");
    EXPECT_EQ(world.aws.received().size(), 5U);
}

TEST_F(DynamoDbTest, AQueryThatGoesInCirclesIsAnError) {
    answer("Query", {{"Items", json::Array{}}, {"LastEvaluatedKey", {{"sk", {{"N", "1"}}}}}});
    const auto items = dynamodb.query({"state", "i", {}, ""}, world.soon(), {});
    EXPECT_EQ(items.error().kind, Errc::failed);
    EXPECT_EQ(items.error().operation, "dynamodb:Query");
}

TEST_F(DynamoDbTest, WhatABatchLeftOverIsAskedForAgain) {
    // Does three at a time, whatever it is asked for, and nothing for keys of "stuck".
    world.aws.on("dynamodb:BatchGetItem", [](const Received& received) {
        const json::Value& table = json::at(json::at(received.input, "RequestItems"), "state");
        const auto& keys = json::array_at(table, "Keys");
        if (keys.size() > 100) return error_answer(received, "ValidationException", "too many");
        json::Array done;
        json::Array left;
        for (const auto& key : keys) {
            const bool is_stuck = json::string_at(json::at(key, "pk"), "S") == "stuck";
            (done.size() < 30 && !is_stuck ? done : left).push_back(key);
        }
        json::Object unprocessed;
        if (!left.empty()) unprocessed["state"] = json::Object{{"Keys", left}};
        return json_answer({{"Responses", {{"state", done}}}, {"UnprocessedKeys", unprocessed}});
    });
    std::vector<Item> keys;
    for (int i = 0; i < 101; ++i)
        keys.push_back({{"pk", fmt::format("k{}", i)}});
    EXPECT_EQ(dynamodb.batch_get("state", keys, world.soon(), {}).value().size(), 101U);
    EXPECT_EQ(world.aws.received().size(), 5U);
    const std::vector<Item> stuck{{{"pk", "stuck"}}};
    EXPECT_EQ(dynamodb.batch_get("state", stuck, world.soon(), {}).error().message,
              "the answer is unusable: it did nothing");
}

TEST_F(DynamoDbTest, ATransactionIsAllOrNothing) {
    answer("TransactWriteItems", {});
    using Kind = TransactWrite::Kind;
    const std::vector<TransactWrite> writes{
        {Kind::put, "state", {{"pk", "a"}}, "", {}},
        {Kind::update, "state", {{"pk", "b"}}, "SET x = :x", {"", {}, {{":x", 1}}}},
        {Kind::remove, "state", {{"pk", "c"}}, "", {}},
        {Kind::check, "state", {{"pk", "d"}}, "", {"attribute_exists(pk)", {}, {}}}};
    EXPECT_TRUE(dynamodb.transact_write_items(writes, world.soon(), {}));
    const auto input = world.aws.received().back().input;
    EXPECT_EQ(json::text(json::at(input, "TransactItems")),
              R"([{"Put":{"TableName":"state","Item":{"pk":{"S":"a"}}}},)"
              R"({"Update":{"TableName":"state","Key":{"pk":{"S":"b"}},)"
              R"("UpdateExpression":"SET x = :x",)"
              R"("ExpressionAttributeValues":{":x":{"N":"1"}}}},)"
              R"({"Delete":{"TableName":"state","Key":{"pk":{"S":"c"}}}},)"
              R"({"ConditionCheck":{"TableName":"state","Key":{"pk":{"S":"d"}},)"
              R"x("ConditionExpression":"attribute_exists(pk)"}}])x");
    EXPECT_EQ(json::string_at(input, "ClientRequestToken").size(), 36U);
    refuse("TransactWriteItems",
           "TransactionCanceledException",
           "Transaction cancelled, please refer cancellation reasons for specific reasons [None, "
           "ConditionalCheckFailed]");
    EXPECT_EQ(dynamodb.transact_write_items(writes, world.soon(), {}).error().kind, Errc::conflict);
    refuse("TransactWriteItems", "TransactionCanceledException", "reasons [ValidationError]");
    EXPECT_EQ(dynamodb.transact_write_items(writes, world.soon(), {}).error().kind, Errc::failed);
}

TEST_F(DynamoDbTest, AnItemThatCannotBeReadIsAnErrorThatNamesTheAttribute) {
    answer("GetItem", {{"Item", {{"names", {{"SS", json::Array{"a"}}}}}}});
    EXPECT_EQ(dynamodb.get_item({"state", {{"pk", "x"}}}, world.soon(), {}).error().message,
              "the answer is unusable: attribute names: a value of type SS, which squall does not "
              "read");
}

TEST_F(DynamoDbTest, ARefusalNamesTheTable) {
    refuse("GetItem", "AccessDeniedException", "Access denied.");
    world.aws.on("sts:GetCallerIdentity", [](const Received&) { return connection_lost(); });
    const auto error = dynamodb.get_item({"state", {{"pk", "x"}}}, world.soon(), {}).error();
    EXPECT_EQ(json::string_at(json::parse_object(error.statement).value(), "Resource"),
              "arn:aws:dynamodb:us-east-1:*:table/state");
}

TEST(AttributeValue, EveryKindGoesOutAndComesBack) {
    using Kind = AttributeValue::Kind;
    const Item item{{"text", "größe"},
                    {"empty", ""},
                    {"number", AttributeValue(Kind(DecimalText{"-1.50E+7"}))},
                    {"integer", std::int64_t{9'000'000'000}},
                    {"bytes", AttributeValue(Kind(BinaryText{std::string("\x00\xff", 2)}))},
                    {"yes", AttributeValue(Kind(true))},
                    {"none", AttributeValue()},
                    {"list", AttributeValue(Kind(AttributeValue::List{"a", 1, AttributeValue()}))},
                    {"map", AttributeValue(Kind(Item{{"inner", "x"}}))}};
    const auto object = to_json(item);
    EXPECT_EQ(json::text(object),
              R"({"bytes":{"B":"AP8="},"empty":{"S":""},"integer":{"N":"9000000000"},)"
              R"("list":{"L":[{"S":"a"},{"N":"1"},{"NULL":true}]},)"
              R"("map":{"M":{"inner":{"S":"x"}}},"none":{"NULL":true},)"
              R"("number":{"N":"-1.50E+7"},"text":{"S":"größe"},"yes":{"BOOL":true}})");
    EXPECT_EQ(item_from_json(object).value(), item);
    EXPECT_EQ(integer_at(item, "number"), std::nullopt);
    EXPECT_EQ(integer_at(item, "text"), std::nullopt);
    EXPECT_EQ(text_at(item, "integer"), "");
    EXPECT_EQ(text_at(item, "missing"), "");
    EXPECT_TRUE(item.at("none").is_null());
}

TEST(AttributeValue, WhatIsNoValueIsAnError) {
    for (const char* text : {R"({})",
                             R"({"S":1})",
                             R"({"N":1})",
                             R"({"B":"?"})",
                             R"({"BOOL":"true"})",
                             R"({"L":{}})",
                             R"({"M":[]})",
                             R"({"L":[{"S":"a"},{"X":"b"}]})",
                             R"({"M":{"a":{"M":{"b":5}}}})",
                             R"({"S":"a","N":"1"})",
                             R"(["S"])"})
        EXPECT_FALSE(AttributeValue::from_json(json::parse(text).value())) << text;
}

} // namespace
} // namespace squall::aws
