// A machine on which every place can hold credentials, and an AWS next to it: STS gives what it is
// asked for, by trust policies where there are some.
#pragma once

#include "fake_aws.h"
#include "fake_instance.h"
#include "squall/aws/credential_chain.h"
#include "squall/base/temporary_folder.h"
#include "squall/base/time_text.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>

namespace squall::aws {

class ChainTest : public testing::Test {
protected:
    ChainTest() {
        variables["HOME"] = home.path().string();
        aws.on("sts:AssumeRoleWithWebIdentity", [this](const Received& received) {
            tokens_seen.emplace_back(received.form.get("WebIdentityToken"));
            return xml_answer(fmt::format(
                "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>"
                "<AccessKeyId>AKIDWEB</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
                "<SessionToken>t</SessionToken><Expiration>{}</Expiration></Credentials>"
                "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>",
                rfc3339_seconds(clock.wall() + std::chrono::minutes(60))));
        });
        aws.on("sts:AssumeRole", [this](const Received& received) { return assume(received); });
    }

    // Long-term keys that AWS knows, as the lines of a profile.
    std::string keys(const std::string& id) {
        aws.add_key(id, {"s", "", std::nullopt});
        return "aws_access_key_id = " + id + "\naws_secret_access_key = s\n";
    }

    // From now on this key may assume that role; what comes of it is the key AKID-NAME.
    void trust(const std::string& key_id, const std::string& role_name) {
        trusted.emplace(key_id, role_name);
    }

    static std::string role_arn(const std::string& name) {
        return "arn:aws:iam::123456789012:role/" + name;
    }

    Result<wire::HttpResponse> assume(const Received& received) {
        const auto authorization = wire::parse_authorization(
            wire::header_value(received.request.headers, "Authorization"));
        const std::string arn(received.form.get("RoleArn"));
        const std::string name = arn.substr(arn.rfind('/') + 1);
        if (!trusted.contains({authorization->access_key_id, name})) {
            return error_answer(
                received,
                "AccessDenied",
                "User: arn:aws:iam::123456789012:user/" + authorization->access_key_id
                    + " is not authorized to perform: sts:AssumeRole on resource: " + arn,
                403);
        }
        const Seconds lifetime(std::stol(std::string(received.form.get("DurationSeconds"))));
        aws.add_key("AKID-" + name, {"s", "t", aws.time() + lifetime});
        return xml_answer(fmt::format(
            "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>AKID-{}</AccessKeyId>"
            "<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
            "<Expiration>{}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>",
            name,
            rfc3339_seconds(clock.wall() + lifetime)));
    }

    void write_config(const std::string& text) { (void)home.file(".aws/config", text); }

    void write_credentials(const std::string& text) { (void)home.file(".aws/credentials", text); }

    void use_web_identity() {
        variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = home.file("token", "jwt-1\n");
        variables["AWS_ROLE_ARN"] = "arn:aws:iam::1:role/pod";
    }

    void give_instance_a_role() {
        instance.items["iam/security-credentials/"] = "web\n";
        instance.items["iam/security-credentials/web"] =
            metadata_answer("AKIDINSTANCE", std::chrono::minutes(360));
    }

    std::string metadata_answer(const std::string& key, std::chrono::minutes lifetime) {
        return fmt::format(R"({{"Code":"Success","AccessKeyId":"{}","SecretAccessKey":"s",)"
                           R"("Token":"t","Expiration":"{}"}})",
                           key,
                           rfc3339_seconds(clock.wall() + lifetime));
    }

    // A chain over what is there now.
    CredentialChain& chain(const std::string& profile = {}) {
        environment = std::make_unique<Environment>(variables);
        const auto config = SharedConfig::load(*environment, profile, only_file).value();
        metadata = std::make_unique<MetadataClient>(instance, clock, *environment, config);
        chain_ = std::make_unique<CredentialChain>(
            ChainParts{*sender, *direct, *metadata, traffic, clock, *environment},
            Endpoints::resolve("us-east-1", *environment, config).value(),
            profile,
            only_file);
        return *chain_;
    }

    Outcome<Credentials> found(const std::string& profile = {}) {
        return chain(profile).get(clock.in(Seconds(60)), {});
    }

    std::string key(const std::string& profile = {}) {
        const auto got = found(profile);
        return got ? got->keys.access_key_id : to_error(got.error()).message;
    }

    TemporaryFolder home;
    Environment::Variables variables;
    FakeClock clock;
    FakeAws aws{clock};
    FakeInstance instance{clock};
    HttpSender* sender = &aws;
    HttpSender* direct = &instance;
    Path only_file; // AWS_AUTHENTICATION_SECRET
    Traffic traffic{1};
    std::set<std::pair<std::string, std::string>> trusted; // key id, role name
    std::vector<std::string> tokens_seen;
    std::unique_ptr<Environment> environment;
    std::unique_ptr<MetadataClient> metadata;
    std::unique_ptr<CredentialChain> chain_;
};

} // namespace squall::aws
