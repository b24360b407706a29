#include "chain_fixture.h"
#include "process_command.h"
#include "shown_line.h"

namespace squall::aws {
namespace {

using std::chrono::minutes;
using Words = std::vector<std::string>;

// What Python's shlex.split, and so botocore, makes of the same texts.
TEST(ProcessCommand, IsSplitAsAShellWouldWithoutBeingOne) {
    const std::pair<const char*, Words> commands[] = {
        {"/opt/tool --account 1", {"/opt/tool", "--account", "1"}},
        {"  tool\t'a b'  \"c d\"\n", {"tool", "a b", "c d"}},
        {R"(tool a\ b "say \"x\" \\ \n" 'it\s')", {"tool", "a b", R"(say "x" \ \n)", R"(it\s)"}},
        {R"(to'ol'"s" '' "")", {"tools", "", ""}},
        {"tool $HOME `id` $(id) ; rm | cat > x & ~",
         {"tool", "$HOME", "`id`", "$(id)", ";", "rm", "|", "cat", ">", "x", "&", "~"}},
        {"tool # no comment", {"tool", "#", "no", "comment"}}};
    for (const auto& [text, words] : commands)
        EXPECT_EQ(split_command(text).value(), words) << text;
}

TEST(ProcessCommand, ThatIsNoCommandIsAnError) {
    for (const char* bad : {"", "   ", "tool 'a", "tool \"a", "tool a\\", "'' tool"})
        EXPECT_FALSE(split_command(bad)) << bad;
    EXPECT_FALSE(split_command(std::string_view("tool a\0b", 8)));
}

TEST(ProcessAnswer, IsVersionOneWithKeysAndPerhapsATokenAndAnEnd) {
    const auto whole = read_process_answer(
        R"({"Version":1,"AccessKeyId":"A","SecretAccessKey":"S","SessionToken":"T",)"
        R"("Expiration":"2026-11-21T03:00:00+00:00"})",
        "x");
    EXPECT_EQ(whole->keys.session_token, "T");
    EXPECT_EQ(whole->expires, WallTime(FakeClock::start_of_wall) + minutes(60));
    const auto short_one =
        read_process_answer(R"({"Version":1,"AccessKeyId":"A","SecretAccessKey":"S"})", "x");
    EXPECT_EQ(short_one->expires, std::nullopt);
    for (const char* bad : {"",
                            "\n",
                            "secret-1",
                            "[]",
                            "{}",
                            R"({"Version":2,"AccessKeyId":"A","SecretAccessKey":"secret-1"})",
                            R"({"AccessKeyId":"A","SecretAccessKey":"secret-1"})",
                            R"({"Version":1,"SecretAccessKey":"secret-1"})",
                            R"({"Version":1,"AccessKeyId":"A","SecretAccessKey":7})",
                            R"({"Version":1,"AccessKeyId":"A","SecretAccessKey":"secret-1",)"
                            R"("Expiration":"tomorrow"})",
                            R"({"Version":1,"AccessKeyId":"A","SecretAccessKey":"secret-1",)"
                            R"("Expiration":"1013-11-21T03:00:00Z"})"}) {
        const auto read = read_process_answer(bad, "x");
        ASSERT_FALSE(read) << bad;
        EXPECT_EQ(read.error().message.find("secret-1"), std::string::npos) << read.error().message;
    }
}

TEST(ShownLine, IsOneHarmlessLineOfWhatAnotherProgramSaid) {
    EXPECT_EQ(shown_line("\n  first\tpart \r\nsecond", 80), "first part");
    EXPECT_EQ(shown_line("a\033[2Jb\x7f\xff", 80), "a?[2Jb??");
    EXPECT_EQ(shown_line("abcdef", 3), "abc");
    EXPECT_EQ(shown_line(" \n", 3), "");
}

class ProcessTest : public ChainTest {
protected:
    // A program that does what the shell script says; its path.
    std::string program(const std::string& script) {
        const std::string path = home.file("bin/tool", "#!/bin/sh\n" + script);
        std::filesystem::permissions(path, std::filesystem::perms::owner_all);
        return path;
    }

    void use(const std::string& script, const std::string& arguments = {}) {
        write_config("[default]\ncredential_process = " + program(script) + arguments + "\n");
    }
};

TEST_F(ProcessTest, GivesCredentialsAndIsRunAgainBeforeTheyExpire) {
    use(R"(echo run >> "$0.runs"
n=$(wc -l < "$0.runs")
echo "{\"Version\":1,\"AccessKeyId\":\"AKID$n-$1-$#\",\"SecretAccessKey\":\"s\",\"Expiration\":\"2026-11-21T0$((n+2)):00:00Z\"}")",
        " 'a b' c");
    auto& credentials = chain();
    const auto first = credentials.get(clock.in(Seconds(60)), {}).value();
    EXPECT_EQ(first.keys.access_key_id, "AKID1-a b-2");
    EXPECT_EQ(first.source,
              "credential_process of the profile 'default' (" + (home / "bin/tool").string() + ")");
    clock.advance(minutes(50));
    EXPECT_EQ(credentials.get(clock.in(Seconds(60)), {})->keys.access_key_id, "AKID2-a b-2");
}

TEST_F(ProcessTest, ComesAfterKeysInTheCredentialsFileAndBeforeThoseInTheConfigFile) {
    write_config("[default]\ncredential_process = "
                 + program("echo '{\"Version\":1,\"AccessKeyId\":\"AKIDPROCESS\","
                           "\"SecretAccessKey\":\"s\"}'")
                 + "\naws_access_key_id = AKIDCONFIG\naws_secret_access_key = s\n");
    EXPECT_EQ(key(), "AKIDPROCESS");
    write_credentials("[default]\naws_access_key_id=AKIDFILE\naws_secret_access_key=s\n");
    EXPECT_EQ(key(), "AKIDFILE");
}

TEST_F(ProcessTest, ThatFailsIsAnErrorWithItsNameAndItsFirstLineButNotItsArguments) {
    give_instance_a_role();
    use("printf 'no session\\033[2J, log in first\\nsecond line\\n' >&2; exit 3",
        " secret-argument");
    const std::string said = key();
    EXPECT_EQ(said,
              "credential_process of the profile 'default' (" + (home / "bin/tool").string()
                  + "): it ended with 3: no session?[2J, log in first");
    use("exit 1");
    EXPECT_NE(key().find("it ended with 1: and said nothing"), std::string::npos) << key();
    write_config("[default]\ncredential_process = /nowhere/tool secret-argument\n");
    EXPECT_NE(key().find("starting /nowhere/tool: No such file"), std::string::npos) << key();
    EXPECT_EQ(key().find("secret-argument"), std::string::npos);
    write_config("[default]\ncredential_process = tool 'secret-argument\n");
    EXPECT_NE(key().find("a ' is never closed"), std::string::npos) << key();
    EXPECT_EQ(key().find("secret-argument"), std::string::npos);
}

TEST_F(ProcessTest, ThatNeverEndsIsEndedWithTheCall) {
    use("sleep 600");
    const auto got = chain().get(clock.in(Millis(200)), {});
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().kind, Errc::timed_out);
    EXPECT_NE(got.error().message.find("did not end in time and was killed"), std::string::npos);
}

TEST_F(ProcessTest, ThatTalksTooMuchIsAnErrorAndNotMemory) {
    use("head -c 100000 /dev/zero");
    EXPECT_NE(key().find("it printed more than 65536 bytes"), std::string::npos) << key();
}

} // namespace
} // namespace squall::aws
