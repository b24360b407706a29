#include "chain_fixture.h"

namespace squall::aws {
namespace {

using std::chrono::minutes;

// What a container's agent answers: the instance's double is a plain HTTP server too.
class ContainerServer final : public HttpSender {
public:
    std::string body;
    int status = 200;
    int failures = 0; // connections to lose first
    std::vector<std::string> seen;

    [[nodiscard]] Result<wire::HttpResponse> send(const wire::Url& server,
                                                  const wire::HttpRequest& request,
                                                  Deadline,
                                                  std::stop_token) override {
        seen.push_back(server.origin() + request.target + " "
                       + std::string(wire::header_value(request.headers, "Authorization")));
        if (failures-- > 0) return connection_lost();
        return wire::HttpResponse{status, {}, body};
    }
};

class ContainerChainTest : public ChainTest {
protected:
    ContainerChainTest() { direct = &server; }

    ContainerServer server;
};

TEST_F(ContainerChainTest, AnEcsTaskGetsItsRoleAndNotTheInstances) {
    give_instance_a_role();
    variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/credentials/uuid";
    server.body = metadata_answer("AKIDTASK", minutes(60));
    server.failures = 1;
    EXPECT_EQ(key(), "AKIDTASK");
    EXPECT_EQ(server.seen.back(), "http://169.254.170.2/v2/credentials/uuid ");
    server.status = 500;
    EXPECT_NE(key().find("the container's credentials at http://169.254.170.2: HTTP 500"),
              std::string::npos);
}

TEST_F(ContainerChainTest, AnEksPodShowsItsToken) {
    variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://169.254.170.23/v1/credentials";
    variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = home.file("eks", "pod-token");
    server.body = metadata_answer("AKIDPOD", minutes(60));
    EXPECT_EQ(key(), "AKIDPOD");
    EXPECT_EQ(server.seen.back(), "http://169.254.170.23/v1/credentials pod-token");
}

TEST_F(ContainerChainTest, NoTokenGoesToAStrangerInPlainText) {
    variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "secret-token";
    for (const char* stranger : {"http://example.com/credentials",
                                 "http://127.0.0.1.example.com/",
                                 "http://127.example.com/",
                                 "http://localhost.example.com/",
                                 "http://169.254.170.20/",
                                 "http://10.0.0.1/",
                                 "http://[fd00:ec2::24]/"}) {
        variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = stranger;
        EXPECT_NE(key().find("only from this machine"), std::string::npos) << stranger;
    }
    variables.erase("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = ".example.com/credentials";
    EXPECT_NE(key().find("only from this machine"), std::string::npos) << key();
    EXPECT_TRUE(server.seen.empty());
}

TEST_F(ContainerChainTest, ThisMachineAndTlsMayBeAsked) {
    server.body = metadata_answer("AKIDLOCAL", minutes(60));
    for (const char* known : {"http://127.0.0.1:8080/x",
                              "http://127.9.9.9/",
                              "http://localhost/x",
                              "http://[::1]:9911/x",
                              "http://[fd00:ec2::23]/v1",
                              "https://credentials.example.com/x"}) {
        variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = known;
        EXPECT_EQ(key(), "AKIDLOCAL") << known;
    }
}

TEST_F(ContainerChainTest, TheTokenFileIsReadAgainAtEachRenewalAndWinsOverTheToken) {
    variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://169.254.170.23/v1/credentials";
    variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = home.file("eks", "token-1");
    variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "old";
    server.body = metadata_answer("AKIDPOD", minutes(60));
    auto& credentials = chain();
    EXPECT_TRUE(credentials.get(Deadline::never(), {}));
    (void)home.file("eks", "token-2");
    clock.advance(minutes(50));
    EXPECT_TRUE(credentials.get(Deadline::never(), {}));
    EXPECT_EQ(server.seen,
              (std::vector<std::string>{"http://169.254.170.23/v1/credentials token-1",
                                        "http://169.254.170.23/v1/credentials token-2"}));
    (void)home.file("eks", "two\nlines");
    EXPECT_NE(key().find("holds a line break"), std::string::npos);
}

TEST_F(ContainerChainTest, ARefusalIsToldInTheServersWordsAndNotAskedAgain) {
    variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/credentials/uuid";
    server.status = 400;
    server.body = R"({"code":"InvalidIdInRequest","message":"CredentialsV2Request: ID not found"})";
    EXPECT_EQ(
        key(),
        "the container's credentials at http://169.254.170.2: HTTP 400: CredentialsV2Request: "
        "ID not found; is the ECS agent of this instance running?");
    EXPECT_EQ(server.seen.size(), 1U);
}

} // namespace
} // namespace squall::aws
