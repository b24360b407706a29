// Archives of evidence as cases: which of their members are read as logs, and how.
#include "squall/doctor/bundle_case.h"

#include "archives.h"
#include "corpus.h"
#include "squall/base/temporary_folder.h"

namespace squall::doctor {
namespace {

const std::string top = "collect/i-1/";
const std::string connected =
    "level=info time=2026-03-11T08:15:00Z msg=\"Starting Amazon ECS Agent\" version=\"1.105.1\"\n"
    "level=info time=2026-03-11T08:15:02Z msg=\"Connected to ACS endpoint\"\n";

std::string gzipped(const TemporaryFolder& folder, const std::string& text) {
    return output_of({"gzip", "-c", folder.file("plain", text)});
}

Case case_of(const TemporaryFolder& folder) {
    StringSource archive(output_of({"tar", "-C", folder.path().string(), "-cf", "-", "collect"}));
    return read_case(archive, scanner(), corpus_now()).value();
}

TEST(BundleCase, ReadsRollsThatArePacked) {
    const TemporaryFolder folder;
    const std::string roll = gzipped(folder, connected);
    (void)folder.file(top + "ecs_agent_logs/ecs-agent.log.1.gz", roll);
    (void)folder.file(top + "ecs_agent_logs/ecs-agent.log", connected);
    const Case read = case_of(folder);
    ASSERT_EQ(read.logs.size(), 2U);
    for (const ScannedLog& log : read.logs) {
        EXPECT_EQ(log.lines, 2U) << log.name;
        EXPECT_EQ(log.kind.kind, LogKind::agent) << log.name;
        EXPECT_GT(log.known, 0U) << log.name;
        EXPECT_EQ(log.trouble, "") << log.name;
    }
}

TEST(BundleCase, TellsOfARollThatIsBroken) {
    const TemporaryFolder folder;
    const std::string roll = gzipped(folder, connected);
    (void)folder.file(top + "ecs_agent_logs/ecs-agent.log.1.gz", roll.substr(0, roll.size() / 2));
    (void)folder.file(top + "ecs_agent_logs/ecs-agent.log", connected);
    Case read = case_of(folder);
    ASSERT_EQ(read.logs.size(), 2U);
    const auto broken = std::find_if(read.logs.begin(), read.logs.end(), [](const auto& log) {
        return log.name.ends_with(".gz");
    });
    ASSERT_NE(broken, read.logs.end());
    EXPECT_NE(broken->trouble.find("cut short"), std::string::npos) << broken->trouble;
    const std::string name = broken->name;
    const Diagnosis diagnosis = diagnose(catalogue(), std::move(read));
    EXPECT_TRUE(std::any_of(diagnosis.could_not_look.begin(),
                            diagnosis.could_not_look.end(),
                            [&](const Look& look) { return look.summary.starts_with(name); }));
}

TEST(BundleCase, ReadsNoMoreLogsThanItCanKeepAndSaysHowManyItLeftOut) {
    const TemporaryFolder folder;
    for (int roll = 1; roll <= 1003; ++roll)
        (void)folder.file(top + fmt::format("ecs_agent_logs/ecs-agent.log.{}", roll), connected);
    const Case read = case_of(folder);
    EXPECT_EQ(read.logs.size(), 1000U);
    EXPECT_TRUE(std::any_of(read.looks.begin(), read.looks.end(), [](const Look& look) {
        return look.state == Look::State::could_not_look
               && look.summary.starts_with("3 logs more than the 1000");
    }));
}

// Each full one is a sign, and signs are held against each other.
TEST(BundleCase, ReadsATableOfMountsOfAnyLength) {
    const TemporaryFolder folder;
    std::string table = "Filesystem Size Used Avail Use% Mounted on\n";
    for (int i = 0; i < 100'000; ++i)
        table += "/dev/xvda1 8.0G 8.0G 0 100% /\n";
    (void)folder.file(top + "mounts.txt", table);
    Case read = case_of(folder);
    const auto disk = std::find_if(read.looks.begin(), read.looks.end(), [](const Look& look) {
        return look.check == "disk";
    });
    ASSERT_NE(disk, read.looks.end());
    EXPECT_EQ(disk->state, Look::State::finding);
    EXPECT_LE(disk->signs.size(), 32U);
    EXPECT_EQ(told(diagnose(catalogue(), std::move(read))), "finding: DISK_FULL");
}

} // namespace
} // namespace squall::doctor
