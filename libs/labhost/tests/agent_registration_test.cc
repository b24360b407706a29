#include "agent/registration.h"
#include "squall/base/temporary_folder.h"

#include <gtest/gtest.h>

namespace squall::labhost {
namespace {

TEST(AgentRegistration, TakesAttributesAndTagsFromItsSettings) {
    const AgentConfig config = agent_config({{"ECS_INSTANCE_ATTRIBUTES", R"({"rack":"r12"})"},
                                             {"ECS_CONTAINER_INSTANCE_TAGS", R"({"team":"a b"})"}});
    EXPECT_EQ(json::text(attributes_of(config)), R"([{"name":"rack","value":"r12"}])");
    EXPECT_EQ(json::text(tags_of(config)), R"([{"key":"team","value":"a b"}])");
    EXPECT_TRUE(attributes_of(agent_config({{"ECS_INSTANCE_ATTRIBUTES", "rack=r12"}})).empty());
}

TEST(AgentRegistration, RefusesToReserveMoreMemoryThanThereIs) {
    EXPECT_EQ(memory_for_tasks(4096, 0).value(), 4096);
    EXPECT_EQ(memory_for_tasks(4096, 4096).value(), 0);
    const auto refused = memory_for_tasks(4096, 5000);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("reserved memory is higher than available memory on the "
                                           "host, total memory: 4096, reserved: 5000"),
              std::string::npos);
}

TEST(AgentRegistration, MissesAttributesThatDoNotComeBackAsTheyWereSent) {
    const json::Array sent{json::Object{{"name", "a"}, {"value", "1"}},
                           json::Object{{"name", "b"}},
                           json::Object{{"name", "c"}, {"value", "3"}}};
    const json::Array returned{json::Object{{"name", "a"}, {"value", "2"}},
                               json::Object{{"name", "b"}},
                               json::Object{{"name", "z"}}};
    EXPECT_EQ(missing_attributes(sent, returned), (std::vector<std::string>{"a", "c"}));
    EXPECT_TRUE(missing_attributes(sent, sent).empty());
}

TEST(AgentRegistration, EndsForGoodWhereAnotherTryCannotHelp) {
    const CallError parameter{"InvalidParameterException", "Tag key must not start with aws:", 400};
    EXPECT_TRUE(end_of_registration(parameter, /*is_again=*/false).is_terminal);
    const CallError type{
        "ClientException", "Container instance type changes are not supported.", 400};
    EXPECT_TRUE(end_of_registration(type, /*is_again=*/true).is_terminal);
    EXPECT_NE(end_of_registration(type, /*is_again=*/true)
                  .last_words.find("revert the instance type change"),
              std::string::npos);
    const CallError throttled{"ThrottlingException", "Rate exceeded", 400};
    EXPECT_FALSE(end_of_registration(throttled, /*is_again=*/false).is_terminal);
    const CallError inactive{"ClientException", "Container instance abc is inactive.", 400};
    EXPECT_TRUE(end_of_registration(inactive, /*is_again=*/true).is_terminal);
}

TEST(AgentRegistration, KeepsItsStateOnlyInAFolderThatIsThere) {
    const TemporaryFolder folder;
    EXPECT_TRUE(try_data_folder(folder.path()));
    EXPECT_TRUE(std::filesystem::is_empty(folder.path())) << "nothing of the trial is left";
    const auto missing = try_data_folder(folder.path() / "data");
    ASSERT_FALSE(missing);
    EXPECT_NE(missing.error().message.find("data: no such file or directory"), std::string::npos);
    ASSERT_TRUE(write_file(folder.path() / "file", "x"));
    EXPECT_NE(try_data_folder(folder.path() / "file").error().message.find("not a valid directory"),
              std::string::npos);
}

} // namespace
} // namespace squall::labhost
