// Passwords of proxies whose characters are not percent-encoded.
#include "squall/doctor/proxy_secrets.h"

#include "squall/base/temporary_folder.h"
#include "squall/base/text.h"
#include "squall/doctor/redact.h"

#include <gtest/gtest.h>

#include <sys/stat.h>

namespace squall::doctor {
namespace {

const std::vector<std::string> values{"http://bob:aa/SecretSlash@10.0.0.20:3128",
                                      "http://bob:hunter@TopSecretPw/x@10.0.0.20:3128",
                                      "bob:hunter@TopSecretPw/x@10.0.0.20:3128",
                                      "http://bob:a#SecretHash@10.0.0.20:3128",
                                      "http://bob:a?SecretQuery@10.0.0.20:3128",
                                      "http://bob:a SecretBlank@10.0.0.20:3128",
                                      "http://bob:a%zzSecretPercent@10.0.0.20:3128",
                                      "http://bob:SecretSlash/@10.0.0.20:3128"};
const std::vector<std::string> pieces{
    "Secret", "secret", "hunter", "bob:", "TopSecretPw", "Slash", "Hash", "Query", "Blank"};

std::string found_in(const std::string& text) {
    for (const std::string& piece : pieces)
        if (text.find(piece) != std::string::npos) return piece;
    return {};
}

TEST(ProxySecrets, AreTakenOutOfTheSettingUpToItsLastSign) {
    for (const std::string& value : values) {
        for (const std::string& line : {"HTTPS_PROXY=" + value,
                                        "http_proxy=" + value,
                                        "  export HTTP_PROXY=\"" + value + "\""}) {
            for (const std::string& out : {redacted(line), redacted_settings(line)}) {
                EXPECT_EQ(found_in(out), "") << line << "\n" << out;
                EXPECT_NE(out.find("[redacted]@10.0.0.20:3128"), std::string::npos) << out;
                EXPECT_EQ(redacted(out), out);
            }
        }
        for (const std::string& line :
             {"Environment=\"HTTPS_PROXY=" + value + "\" \"NO_PROXY=169.254.169.254\"",
              "{\"Env\":[\"HTTPS_PROXY=" + value + "\",\"A=169.254.169.254\"]}",
              "{\"log\":\"{\\\"httpsProxy\\\":\\\"" + value
                  + "\\\",\\\"b\\\":\\\"169.254.169.254\\\"}\"}",
              "{\"proxies\": {\"https-proxy\": \"" + value
                  + "\", \"no-proxy\": \"169.254.169.254\"}}"}) {
            const std::string out = redacted(line);
            EXPECT_EQ(found_in(out), "") << line << "\n" << out;
            EXPECT_NE(out.find("[redacted]@10.0.0.20:3128"), std::string::npos) << out;
            EXPECT_NE(out.find("169.254.169.254"), std::string::npos) << out;
        }
    }
}

TEST(ProxySecrets, ArePartsOfNothingElseThatSpeaksOfAProxy) {
    for (const std::string line :
         {"HTTPS_PROXY=http://10.0.0.20:3128",
          "level=info msg=\"proxy: HTTPS_PROXY=http://10.0.0.20:3128 for me@example.com\"",
          "proxyconnect tcp: dial tcp: lookup proxy.local on 10.0.0.2:53: no such host",
          "the proxy: image web@sha256:0a1b is there",
          "proxy://x/y@z"})
        EXPECT_EQ(redacted(line), line);
}

TEST(ProxySecrets, AreRememberedInPieces) {
    for (const std::string& value : values) {
        KnownSecrets known;
        known.learn("ECS_CLUSTER=web\nHTTPS_PROXY=" + value + "\nNO_PROXY=10.0.0.1\n");
        EXPECT_TRUE(has_unreadable_user(value)) << value;
        for (const std::string piece : {"hunter",
                                        "TopSecretPw",
                                        "SecretSlash",
                                        "SecretHash",
                                        "SecretQuery",
                                        "SecretBlank",
                                        "SecretPercent"}) {
            if (value.find(piece) == std::string::npos) continue;
            EXPECT_EQ(known.without(redacted("bad '" + value + "'")).find(piece),
                      std::string::npos);
            const std::string out = known.without("lookup " + piece + " or " + lower(piece));
            EXPECT_EQ(out.find(piece), std::string::npos) << out;
            EXPECT_EQ(out.find(lower(piece)), std::string::npos) << out;
        }
        EXPECT_EQ(known.without("cluster web, 10.0.0.20:3128 and http"),
                  "cluster web, 10.0.0.20:3128 and http");
    }
}

TEST(ProxySecrets, OfAValueThatIsEncodedAreNotLookedFor) {
    for (const std::string value : {"http://bob:correct%2Fhorse@10.0.0.20:3128",
                                    "http://10.0.0.20:3128",
                                    "10.0.0.20:3128",
                                    "http://bob@10.0.0.20:3128"}) {
        KnownSecrets known;
        known.learn("HTTPS_PROXY=" + value);
        EXPECT_FALSE(has_unreadable_user(value)) << value;
        EXPECT_EQ(known.without("a correct horse is at 10.0.0.20"),
                  "a correct horse is at 10.0.0.20");
    }
    // Programs differ in which '@' counts: it is remembered, and yet the agent can read it.
    EXPECT_FALSE(has_unreadable_user("http://bob:hun@ter22@10.0.0.20:3128"));
    KnownSecrets known;
    known.learn("HTTPS_PROXY=http://bob:hun@ter22@10.0.0.20:3128");
    EXPECT_EQ(known.without("lookup TER22"), "lookup [redacted]");
}

TEST(ProxySecrets, ThatAreNumbersAreNoPartsOfOthers) {
    KnownSecrets known;
    known.learn("HTTPS_PROXY=http://bob:a/2026@10.0.0.20:3128");
    EXPECT_EQ(known.without("2026-11-23 lookup 2026 on 10.2026"),
              "2026-11-23 lookup [redacted] on 10.2026");
}

TEST(ProxySecrets, OfAHostAreInDropInsToo) {
    TemporaryFolder folder;
    (void)folder.file("etc/systemd/system/docker.service.d/http-proxy.conf",
                      "[Service]\nEnvironment=\"HTTP_PROXY=http://bob:a/Dropped@h:1\"\n");
    EXPECT_EQ(secrets_of_host(folder.path()).without("lookup dropped"), "lookup [redacted]");
}

// Nobody ever writes into it, and nobody waits for that.
TEST(ProxySecrets, OfAHostAreLearnedBesideAFileThatCannotBeReadToItsEnd) {
    TemporaryFolder folder;
    (void)folder.file("etc/environment", "HTTPS_PROXY=http://bob:a/Dropped@h:1\n");
    std::filesystem::create_directories(folder.path() / "etc/ecs");
    ASSERT_EQ(::mkfifo((folder.path() / "etc/ecs/ecs.config").c_str(), 0600), 0);
    EXPECT_EQ(secrets_of_host(folder.path()).without("lookup dropped"), "lookup [redacted]");
}

} // namespace
} // namespace squall::doctor
