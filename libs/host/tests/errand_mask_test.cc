// What the errand takes out on the host, run by a real shell.
#include "afar/errand_script.h"
#include "fake_host.h"
#include "squall/base/subprocess.h"
#include "squall/base/text.h"

#include <gtest/gtest.h>

namespace squall::host {
namespace {

std::vector<std::string> masked(const std::vector<std::string>& lines,
                                const FakeHost* host = nullptr) {
    std::string script = errand_script("b");
    // Behind it, all is done at once.
    script.resize(script.find("\nfolder=\n"));
    if (host != nullptr) {
        for (const char* folder : {"/etc/", "/var/lib/ecs", "/root/"})
            script = replace_all(std::move(script),
                                 folder,
                                 host->path(folder).string()
                                     + (std::string_view(folder).ends_with('/') ? "/" : ""));
        script += "\nfolder=" + host->path("/dev").string() + "\nlearn_secrets";
    }
    const auto done = run({{"sh", "-c", script + "\nmask"}, {}, join(lines, "\n") + "\n", {}},
                          Deadline::in(Seconds(30)));
    EXPECT_TRUE(done) << done.error().message;
    EXPECT_EQ(done->errors, "");
    auto out = split(done->output, '\n');
    out.resize(lines.size());
    return out;
}

TEST(Mask, TakesSecretsOutOfEveryForm) {
    const std::vector<std::string> lines{
        "install --activation-code hunter2 --region r",
        "install --activation-code=hunter2 --region r",
        "install --activation-code \"hunter2\" --region r",
        "install --activation-code 'hunter2' --region r",
        R"(msg="install --activation-code \"hunter2\" --region r")",
        R"(["--activation-code", "hunter2", "--region r"])",
        "ACTIVATION_CODE=hunter2 --region r",
        R"({"ActivationCode": "hunter2", "a": "-region r"})",
        R"({"log":"{\"ActivationCode\":\"hunter2\",\"a\":\"-region r\"}\n"})",
        "amazon-ssm-agent -register -code hunter2 -id x -region r",
        "amazon-ssm-agent -register -y -id x -code \"hunter2\" -region r",
        R"(msg="amazon-ssm-agent -register -code \"hunter2\" -id \"x\" -region r")",
        "amazon-ssm-agent -code=hunter2 -id x -register -region r",
        R"(["amazon-ssm-agent","-register","-code","hunter2","-region r"])",
        "https://a.blob.core.windows.net/c/b?sv=1&sig=hunter2%3D&se=-region r",
        R"("url":"/b?sv=1\u0026sig=hunter2\u0026se=-region r")",
        R"(x password="hun"hunter2" module=-region r)",
        R"(x password="a"b c"hunter2" module=-region r)",
        R"(x password="a b hunter2" module=-region r)",
        R"(msg="x password=\"a b hunter2\" module=-region r")",
        R"({"password":"hun"hunter2", "a": "-region r"})",
        R"({"password":"hun\"hunter2", "a": "-region r"})",
        R"({"log":"{\"password\":\"hunter2\",\"a\":\"-region r\"}\n"})",
        "PASSWORD=hunter2 -region r"};
    const auto out = masked(lines);
    for (std::size_t i = 0; i < lines.size(); ++i) {
        EXPECT_EQ(out[i].find("hunter2"), std::string::npos) << lines[i] << "\n  out " << out[i];
        EXPECT_NE(out[i].find("-region r"), std::string::npos) << lines[i] << "\n  out " << out[i];
    }
}

// Programs take such values apart at other places than their authors meant.
TEST(Mask, TakesOutWhatProgramsMakeOfAProxysPassword) {
    const std::vector<std::string> values{"http://bob:aa/SecretWord@10.0.0.20:3128",
                                          "http://bob:hunter@SecretWord/x@10.0.0.20:3128",
                                          "bob:a/SecretWord@10.0.0.20:3128",
                                          "http://bob:a#SecretWord@10.0.0.20:3128",
                                          "http://bob:a?SecretWord@10.0.0.20:3128",
                                          "http://bob:a SecretWord@10.0.0.20:3128",
                                          "http://bob:a%zzSecretWord@10.0.0.20:3128",
                                          "http://bob:a[.*/SecretWord@10.0.0.20:3128"};
    for (const std::string& value : values) {
        for (const auto& [file, text] : std::map<std::string, std::string>{
                 {"/etc/ecs/ecs.config",
                  "ECS_CLUSTER=web\nHTTPS_PROXY=" + value + "\nNO_PROXY=a,b"},
                 {"/var/lib/ecs/ecs.config", "export http_proxy='" + value + "'"},
                 {"/etc/systemd/system/ecs.service.d/proxy.conf",
                  "[Service]\nEnvironment=\"NO_PROXY=10.0.0.1\" \"HTTP_PROXY=" + value
                      + "\" \"A=web\""},
                 {"/etc/docker/daemon.json",
                  R"({"proxies":{"no-proxy":"web","http-proxy":")" + value + R"(","a":"web"}})"}}) {
            FakeHost host;
            host.file("/dev/null-of-nobody", "");
            host.file(file, text + "\n");
            const auto out = masked({"HTTPS_PROXY=" + value,
                                     "Unsupported proxy syntax in '" + value + "'",
                                     "Could not resolve proxy: SecretWord",
                                     "lookup secretword on 10.0.0.2:53: no such host",
                                     "web and bob are at 10.0.0.20:3128, 10.0.0.1"},
                                    &host);
            for (const std::string& line : out)
                EXPECT_EQ(lower(line).find("secretword"), std::string::npos)
                    << file << text << line;
            EXPECT_EQ(out.front(),
                      value.starts_with("http") ? "HTTPS_PROXY=http://[redacted]@10.0.0.20:3128"
                                                : "HTTPS_PROXY=[redacted]@10.0.0.20:3128");
            EXPECT_EQ(out.back(), "web and bob are at 10.0.0.20:3128, 10.0.0.1") << text;
        }
    }
}

TEST(Mask, LooksForNoPieceOfAPasswordThatIsEncoded) {
    FakeHost host;
    host.file("/dev/null-of-nobody", "");
    host.file("/etc/ecs/ecs.config", "HTTPS_PROXY=http://bob:correct%2Fhorse@10.0.0.20:3128\n");
    const std::vector<std::string> lines{"a correct horse of bob's at 10.0.0.20:3128"};
    EXPECT_EQ(masked(lines, &host), lines);
    host.file("/etc/ecs/ecs.config", "HTTPS_PROXY=http://bob:a/2026@10.0.0.20:3128\n");
    EXPECT_EQ(masked({"2026-11-23 lookup 2026 on x"}, &host),
              std::vector<std::string>{"2026-11-23 lookup [redacted] on x"});
}

TEST(Mask, LeavesWordsThatAreNoSecrets) {
    const std::vector<std::string> lines{
        "Agent exited with code 5",
        "exit code 5, code 7, code=exited, status=1/FAILURE, -code 5",
        "amazon-ssm-agent: exited with code 5",
        "amazon-ssm-agent.service: Main process exited, code=exited, status=203/EXEC",
        "the activation code is wrong; the activation-code was used",
        "--activation-id 0b7b5f40-3d8b-4d5c-8c80-52c2a1b4a6e4",
        "type=ANOM_ABEND pid=7 sig=11 res=1; killed by sig=9",
        R"(level=error time=2026-03-11T08:15:00Z msg="Failed to connect to ACS" error="no such host")",
        "ExpiredTokenException: The security token included in the request is expired"};
    EXPECT_EQ(masked(lines), lines);
}

} // namespace
} // namespace squall::host
