#include "squall/base/temporary_folder.h"
#include "ssm/reboot_store.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace squall::labhost {
namespace {

class Reboots : public testing::Test {
protected:
    const TemporaryFolder folder_;
};

TEST_F(Reboots, KeepAScriptUntilItIsForgotten) {
    const RebootStore store(folder_ / "reboot");
    EXPECT_TRUE(store.kept().empty());
    const json::Object payload{{"DocumentName", "AWS-RunShellScript"}};
    ASSERT_TRUE(store.keep({"message", "command-1", payload, "said before\n", "in anger\n"}));
    const auto kept = RebootStore(folder_ / "reboot").kept();
    ASSERT_EQ(kept.size(), 1U);
    EXPECT_EQ(kept.front().message_id, "message");
    EXPECT_EQ(kept.front().command_id, "command-1");
    EXPECT_EQ(json::string_at(kept.front().payload, "DocumentName"), "AWS-RunShellScript");
    EXPECT_EQ(kept.front().earlier_output, "said before\n");
    EXPECT_EQ(kept.front().earlier_errors, "in anger\n");
    store.forget("command-2");
    EXPECT_EQ(store.kept().size(), 1U);
    store.forget("command-1");
    EXPECT_TRUE(store.kept().empty());
}

TEST_F(Reboots, AreNotConfusedByWhatElseLiesThere) {
    const RebootStore store(folder_.path());
    ASSERT_TRUE(write_file(folder_ / "broken.json", "{\"command_id\":"));
    ASSERT_TRUE(store.keep({"message", "command", {}, "", ""}));
    EXPECT_EQ(store.kept().size(), 1U);
}

} // namespace
} // namespace squall::labhost
