#include "squall/aws/config.h"

#include "squall/base/temporary_folder.h"

#include <gtest/gtest.h>

namespace squall::aws {
namespace {

// A home directory with the two files in it.
class SharedConfigTest : public testing::Test {
protected:
    Result<SharedConfig> load(const std::string& config,
                              const std::string& credentials = {},
                              Environment::Variables variables = {},
                              std::string_view profile = {}) {
        if (!config.empty()) (void)home.file(".aws/config", config);
        if (!credentials.empty()) (void)home.file(".aws/credentials", credentials);
        variables["HOME"] = home.path().string();
        return SharedConfig::load(Environment(std::move(variables)), profile);
    }

    TemporaryFolder home;
};

TEST_F(SharedConfigTest, ReadsTheDefaultProfileOfBothFilesAndTheCredentialsFileWins) {
    const auto config = load("[default]\nregion = eu-west-1\naws_access_key_id = from-config\n",
                             "[default]\naws_access_key_id = from-credentials\n")
                            .value();
    EXPECT_EQ(config.profile(), "default");
    EXPECT_EQ(config.get("region"), "eu-west-1");
    EXPECT_EQ(config.get("aws_access_key_id"), "from-credentials");
    EXPECT_EQ(config.get_from_config("aws_access_key_id"), "from-config");
    EXPECT_EQ(config.get("nothing"), std::nullopt);
}

TEST_F(SharedConfigTest, FindsANamedProfileInTheSpellingOfEachFile) {
    const std::string config =
        "[profile prod]\nregion = us-east-2\n[profile \"two words\"]\nregion "
        "= us-west-1\n[profile 'quoted']\nregion = us-west-2\n";
    const auto region = [&](const char* profile) {
        return load(config, "[plain]\nregion = ca-central-1\n", {}, profile).value().get("region");
    };
    EXPECT_EQ(region("prod"), "us-east-2");
    EXPECT_EQ(region("two words"), "us-west-1");
    EXPECT_EQ(region("quoted"), "us-west-2");
    EXPECT_EQ(region("plain"), "ca-central-1");
}

TEST_F(SharedConfigTest, TheCommandNamesTheProfileBeforeTheEnvironmentDoes) {
    const std::string text = "[profile a]\nregion=a\n[profile b]\nregion=b\n[default]\nregion=d\n";
    EXPECT_EQ(load(text).value().profile(), "default");
    EXPECT_EQ(load(text, {}, {{"AWS_PROFILE", "a"}}).value().profile(), "a");
    EXPECT_EQ(load(text, {}, {{"AWS_DEFAULT_PROFILE", "b"}}).value().profile(), "b");
    EXPECT_EQ(load(text, {}, {{"AWS_PROFILE", "a"}}, "b").value().profile(), "b");
    EXPECT_EQ(load(text, {}, {{"AWS_PROFILE", ""}}).value().profile(), "default");
}

TEST_F(SharedConfigTest, TwoVariablesThatNameDifferentProfilesAreAnError) {
    const auto config = load(
        "[profile a]\n[profile b]\n", {}, {{"AWS_PROFILE", "a"}, {"AWS_DEFAULT_PROFILE", "b"}});
    ASSERT_FALSE(config);
    EXPECT_NE(config.error().message.find("unset one of them"), std::string::npos);
}

TEST_F(SharedConfigTest, ANamedProfileThatIsNowhereIsAnErrorThatSaysWhatThereIs) {
    const auto config =
        load("[profile prod]\n[profile test]\n", "[ops]\n", {{"AWS_PROFILE", "produ"}});
    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().code, Errc::invalid_input);
    EXPECT_NE(config.error().message.find("'produ' that AWS_PROFILE names is neither in "
                                          + home.path().string() + "/.aws/config"),
              std::string::npos);
    EXPECT_NE(config.error().message.find("did you mean 'prod'?"), std::string::npos);
    EXPECT_NE(load("", "", {}, "something-else").error().message.find("there are: "),
              std::string::npos);
}

TEST_F(SharedConfigTest, TheSameFilesCanBeSeenThroughAnotherProfile) {
    const auto config =
        load("[profile a]\nregion=a\n[profile b]\nregion=b\n", "[b]\nregion=c\n", {}, "a").value();
    EXPECT_EQ(config.through("b", "a test").value().get("region"), "c");
    EXPECT_EQ(config.get("region"), "a");
    EXPECT_NE(config.through("c", "source_profile of profile 'a'")
                  .error()
                  .message.find("the profile 'c' that source_profile of profile 'a' names is"),
              std::string::npos);
}

TEST_F(SharedConfigTest, TheMoreExplicitHeaderOfTheDefaultProfileWins) {
    EXPECT_EQ(load("[profile default]\nregion=a\n[default]\nregion=b\n").value().get("region"),
              "a");
}

TEST_F(SharedConfigTest, SingleSignOnIsSetInItsSessionOrInTheProfile) {
    const auto config = load("[default]\nsso_session = s\nsso_region = r\nsso_role_name = x\n"
                             "[sso-session s]\nsso_start_url = u\nsso_region = r\n")
                            .value();
    EXPECT_EQ(config.get_for_sso("sso_start_url").value(), "u");
    EXPECT_EQ(config.get_for_sso("sso_role_name").value(), "x");
    EXPECT_EQ(config.get_for_sso("sso_region").value(), "r");
    EXPECT_EQ(config.get_for_sso("nothing").value(), std::nullopt);
}

TEST_F(SharedConfigTest, NoFilesAtAllAreAnEmptyDefaultProfile) {
    EXPECT_EQ(load("").value().get("region"), std::nullopt);
    EXPECT_TRUE(SharedConfig::load(Environment()).value().config_file().empty());
}

TEST_F(SharedConfigTest, FilesCanBeElsewhere) {
    const auto config = load("[default]\nregion=at-home\n",
                             {},
                             {{"AWS_CONFIG_FILE", home.file("other", "[default]\nregion=other\n")},
                              {"AWS_SHARED_CREDENTIALS_FILE", "~/mine"}})
                            .value();
    EXPECT_EQ(config.get("region"), "other");
    EXPECT_EQ(config.credentials_file(), home.path() / "mine");
}

TEST_F(SharedConfigTest, ReadsWhatBotocoreReads) {
    const auto config = load("\xEF\xBB\xBF# a comment\r\n"
                             "; another\r\n"
                             "\r\n"
                             "[default]   trailing words\r\n"
                             "Region: eu-west-1\r\n"
                             "output = json # is part of the value\r\n"
                             "  # a comment in between\r\n"
                             "long = one\r\n"
                             "    two\r\n"
                             "\r\n"
                             "    three\r\n"
                             "url = http://h:80/?a=b\r\n"
                             "empty =\r\n"
                             "s3 =\r\n"
                             "  addressing_style = path\r\n"
                             "  max_bandwidth=1\r\n"
                             "[plugins]\r\n"
                             "region = not-mine\r\n")
                            .value();
    EXPECT_EQ(config.get("region"), "eu-west-1");
    EXPECT_EQ(config.get("output"), "json # is part of the value");
    EXPECT_EQ(config.get("long"), "one\ntwo\n\nthree");
    EXPECT_EQ(config.get("url"), "http://h:80/?a=b");
    EXPECT_EQ(config.get("empty"), std::nullopt);
    EXPECT_EQ(config.get("s3"), std::nullopt);
    EXPECT_EQ(config.get("addressing_style"), std::nullopt);
}

TEST_F(SharedConfigTest, AnIndentedHeaderAfterASettingBelongsToItsValue) {
    const auto config =
        load("[default]\nregion = a\n  [profile x]\n  region = b\n[profile y]\n").value();
    EXPECT_EQ(config.get("region"), "a\n[profile x]\nregion = b");
}

TEST_F(SharedConfigTest, TheCapitalDefaultSectionCountsInEverySection) {
    const auto config = load("[DEFAULT]\nregion = all\noutput = all\n[default]\noutput = mine\n");
    EXPECT_EQ(config.value().get("region"), "all");
    EXPECT_EQ(config.value().get("output"), "mine");
}

TEST_F(SharedConfigTest, FindsASettingOfAServiceInTheSectionThatTheProfileNames) {
    const auto config = load("[default]\nservices = lab\n"
                             "[services lab]\n"
                             "ecs =\n"
                             "  endpoint_url = http://127.0.0.1:1\n"
                             "  # in between\n"
                             "\n"
                             "  other = x\n"
                             "ssm =\n"
                             "  endpoint_url = http://127.0.0.1:2\n")
                            .value();
    EXPECT_EQ(config.get_for_service("ecs", "endpoint_url").value(), "http://127.0.0.1:1");
    EXPECT_EQ(config.get_for_service("ecs", "other").value(), "x");
    EXPECT_EQ(config.get_for_service("ssm", "endpoint_url").value(), "http://127.0.0.1:2");
    EXPECT_EQ(config.get_for_service("ec2", "endpoint_url").value(), std::nullopt);
}

TEST_F(SharedConfigTest, AServicesSectionThatIsNotThereIsAnError) {
    const auto config = load("[default]\nservices = lab\n").value();
    const auto url = config.get_for_service("ecs", "endpoint_url");
    ASSERT_FALSE(url);
    EXPECT_NE(url.error().message.find("no section [services lab]"), std::string::npos);
}

TEST_F(SharedConfigTest, EveryMistakeHasItsLineAndShowsNoText) {
    const std::pair<const char*, const char*> mistakes[] = {
        {"secret-1\n", ":1: a setting before the first [section]"},
        {"[default]\n\nsecret-1\n", ":3: no '=' in this line"},
        {"[default]\n= secret-1\n", ":2: no name before the '='"},
        {"[default]\na = 1\nb = 2\nA = secret-1\n", ":4: 'a' is there a second time in [default]"},
        {"[default]\n[x]\n[default]\nsecret = secret-1\n",
         ":3: section [default] is there a second time"},
        {"[]\nsecret-1 = 1\n", ":1: a section without a name"},
        {"[default]\n#\ns3 =\n  secret-1\n", ":3: a line without '=' in the block of 's3'"}};
    for (const auto& [text, expected] : mistakes) {
        const auto config = load(text);
        ASSERT_FALSE(config) << text;
        EXPECT_EQ(config.error().code, Errc::invalid_input);
        EXPECT_NE(config.error().message.find(".aws/config" + std::string(expected)),
                  std::string::npos)
            << config.error().message;
        EXPECT_EQ(config.error().message.find("secret-1"), std::string::npos);
    }
}

TEST_F(SharedConfigTest, AFileOverTheLimitIsRefused) {
    const std::string text(SharedConfig::file_size_max + 1, '#');
    ASSERT_FALSE(load(text));
    EXPECT_TRUE(load(text.substr(1)));
}

TEST_F(SharedConfigTest, AFileThatCannotBeReadIsAnErrorAndNotAnEmptyFile) {
    std::filesystem::create_directories(home.path() / ".aws/config");
    EXPECT_FALSE(load(""));
}

} // namespace
} // namespace squall::aws
