// Secrets that only their surroundings tell: activation codes, signatures of shared access, and
// passwords that are quoted badly.
#include "squall/base/text.h"
#include "squall/doctor/redact.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace squall::doctor {
namespace {

constexpr std::string_view code = "Kx9SecretCode77aa";

// As text, in a string of the agent's, in JSON, and in JSON inside JSON.
std::vector<std::string> forms_of(const std::string& text) {
    const auto inside = [](const std::string& plain) {
        return replace_all(replace_all(plain, "\\", "\\\\"), "\"", "\\\"");
    };
    return {text,
            "level=error msg=\"" + inside(text) + "\" module=x.go",
            "{\"log\":\"" + inside(text) + "\\n\",\"stream\":\"stderr\"}",
            "{\"log\":\"" + inside("{\"msg\":\"" + inside(text) + "\"}") + "\\n\"}"};
}

void expect_gone(const std::string& text, std::string_view secret, std::string_view kept = "") {
    for (const std::string& form : forms_of(text)) {
        const std::string out = redacted(form);
        ASSERT_NE(form.find(secret), std::string::npos) << "the test plants it: " << form;
        EXPECT_EQ(out.find(secret), std::string::npos) << form << "\n  out " << out;
        EXPECT_NE(out.find(kept), std::string::npos) << kept << " in " << form << "\n  out " << out;
        EXPECT_EQ(redacted(out), out) << form;
    }
}

TEST(Redact, TakesOutActivationCodes) {
    const std::string c(code);
    for (const std::string& text :
         {"ecs-anywhere-install.sh --activation-code " + c + " --region r",
          "install --activation-code=" + c + " --region r",
          "install --activation-code \"" + c + "\" --region r",
          "install --activation-code '" + c + "' --region r",
          "ssm-setup-cli -register -activation-code " + c + " -region r",
          "[\"--activation-code\", \"" + c + "\", \"--region r\"]",
          "run ACTIVATION_CODE=" + c + " --region r",
          "start ACTIVATION_CODE=\"" + c + "\" --region r",
          "{\"ActivationCode\": \"" + c + "\", \"a\": \"--region r\"}",
          "ActivationCode: " + c + "\n--region r",
          "amazon-ssm-agent -register -code " + c + " -id x -region r",
          "amazon-ssm-agent -register -y -id x -code \"" + c + "\" -region r",
          "/snap/bin/amazon-ssm-agent -register -code=" + c + " -region r",
          "amazon-ssm-agent --register --code='" + c + "' -region r",
          "amazon-ssm-agent -code " + c + " -id x -register -region r",
          "[\"amazon-ssm-agent\",\"-register\",\"-code\",\"" + c + "\",\"-region r\"]"})
        expect_gone(text, code, "-region r");
    expect_gone("--activation-id 0b7b5f40-3d8b-4d5c-8c80-52c2a1b4a6e4 --activation-code " + c,
                code,
                "0b7b5f40-3d8b-4d5c-8c80-52c2a1b4a6e4");
}

TEST(Redact, TakesOutSignaturesOfSharedAccess) {
    const std::string url = "https://acct.blob.core.windows.net/c/b.tar?sv=2022-11-02&sr=b&sig=";
    expect_gone(url + "Zx8%2Fq1%3D&se=2026-01-01", "Zx8", "se=2026-01-01");
    expect_gone(url + "Zx8q1 gave 403", "Zx8q1", "gave 403");
    expect_gone("GET /b?sig=Zx8q1 HTTP/1.1", "Zx8q1", "HTTP/1.1");
    expect_gone("\"url\":\"/b?sv=1\\u0026sig=Zx8q1\\u0026se=2\"", "Zx8q1", "se=2");
    expect_gone("u=%2Fb%3Fsv%3D1%26sig%3DZx8q1 end", "Zx8q1", "end");
    expect_gone("a sig=Zx8Zx8Zx8Zx8Zx8Zx8Zx8Zx8Zx8Zx8Zx8Zx8Zx8Zx8 end", "Zx8", "end");
}

TEST(Redact, TakesOutPasswordsWithQuotesInThem) {
    for (const std::string text : {R"(x password="hun"ter2" module=y)",
                                   R"(x password="a"b c"ter2" module=y)",
                                   R"(x password="a"!ter2" module=y)",
                                   R"(x password='it's ter2' module=y)",
                                   R"({"password":"hun"ter2", "a": " module=y"})",
                                   R"(x password="a"ter2 module=y)"}) {
        const std::string out = redacted(text);
        EXPECT_EQ(out.find("ter2"), std::string::npos) << text << "\n  out " << out;
        EXPECT_NE(out.find("module=y"), std::string::npos) << text << "\n  out " << out;
        EXPECT_EQ(redacted(out), out) << text;
    }
}

TEST(Redact, KeepsCodesThatAreNoSecrets) {
    for (const char* text :
         {"Agent exited with code 5",
          "exit code 5, code 7, code=exited, status=1/FAILURE, -code 5",
          "curl: exit -code 28; status code: 400",
          "amazon-ssm-agent: exited with code 5",
          "amazon-ssm-agent.service: Main process exited, code=exited, status=203/EXEC",
          "ActivationId: 0b7b5f40-3d8b-4d5c-8c80-52c2a1b4a6e4 --activation-id x",
          "the activation code is wrong; Activation-Code has expired",
          "the activation-code was used",
          "type=ANOM_ABEND pid=7 sig=11 res=1; killed by sig=9",
          "level=info msg=\"a\" password=\"\" module=\"b\""})
        EXPECT_EQ(redacted(text), text);
}

TEST(Redact, TakesOutKeysOfTheEnvironment) {
    for (const char* name : {"STRIPE_KEY", "GITHUB_PAT", "APP_2_KEY", "MY.STRIPE_KEY"}) {
        const std::string n(name);
        expect_gone("env: [A=b " + n + "=abc77 C=d]", "abc77", "C=d");
        expect_gone(n + "=abc77", "abc77");
        expect_gone("{\"" + n + "\":\"abc77\",\"a\":\"kept\"}", "abc77", "kept");
        expect_gone("{\"name\":\"" + n + "\",\"value\":\"abc77\"}", "abc77", n);
        EXPECT_EQ(redacted("  " + n + ": abc77\n"), "  " + n + ": [redacted]\n");
    }
    for (const char* text : {"level=info key=app.env ecs.key=agent object_key=a/b primary_key=7",
                             "{\"key\":\"app.env\",\"s3_key\":\"a/b\",\"cache-key\":\"c\"}",
                             "reading {\"S3Key\":\"app.env\"} KEY=app.env PAT=x MONKEY=y",
                             "error: DUPLICATE_KEY: 7 rows; GITHUB_PAT is not set",
                             "HKEY_LOCAL_MACHINE=x STRIPE_KEY= STRIPE_KEY"})
        EXPECT_EQ(redacted(text), text);
}

TEST(Redact, TakesOutTokensThatSayWhatTheyAre) {
    for (const char* prefix : {"sk_live_",
                               "sk_test_",
                               "rk_live_",
                               "rk_test_",
                               "ghp_",
                               "gho_",
                               "ghs_",
                               "ghr_",
                               "github_pat_",
                               "glpat-",
                               "xoxb-",
                               "xoxp-"}) {
        const std::string token = std::string(prefix) + "abcdef1234567890";
        expect_gone("pushed with " + token + ", and failed", token, ", and failed");
        expect_gone("x=" + token + " y=1", token, "y=1");
    }
    for (const char* text : {"sk_live_ and sk_test_ are prefixes", "task_live_abcdef1234567890"})
        EXPECT_EQ(redacted(text), text);
}

} // namespace
} // namespace squall::doctor
