// Everything a process needs to talk to AWS, put together once: files and environment read, region
// and endpoints found, credentials in place, one client for all.
#pragma once

#include "squall/aws/assume_role.h"
#include "squall/aws/client.h"
#include "squall/aws/config.h"
#include "squall/aws/credential_chain.h"
#include "squall/aws/environment.h"
#include "squall/aws/metadata.h"
#include "squall/aws/s3.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

namespace squall::aws {

struct SessionOptions {
    Environment environment;
    std::string profile;         // as named on the command line; empty: as the environment says
    std::string region;          // REGION; empty: as environment, profile and instance say
    std::string assume_role_arn; // ASSUME_ROLE_ARN; empty: none
    std::string role_session;    // "squall-" and something telling, such as the run's id
    std::string external_id;
    // AWS_AUTHENTICATION_SECRET: a credentials file that stands in place of everything that this
    // machine has; the config file is not read either. Empty: none.
    Path credentials_file;
    std::uint64_t seed = 0; // of the jitter between repetitions
    RetrySettings retry;
};

// The senders a session works with; they must outlive it.
struct SessionSenders {
    HttpSender& aws;
    HttpSender& direct; // without proxies, for instance and container metadata
};

// Who a session is to AWS, and how it came to be that.
struct Identity {
    CallerIdentity caller;
    std::string source; // of the credentials, in words: never a secret
    std::optional<WallTime> expires;
};

// Its parts may be used from several threads at once.
class Session {
public:
    // Over the network, with the proxies and certificates of the environment. Asks instance
    // metadata for the region where nothing else names one; credentials are looked for with the
    // first call.
    [[nodiscard]] static Result<std::unique_ptr<Session>>
    open(SessionOptions options, Clock& clock, Deadline deadline, const std::stop_token& stop);

    [[nodiscard]] static Result<std::unique_ptr<Session>> open_over(SessionSenders senders,
                                                                    SessionOptions options,
                                                                    Clock& clock,
                                                                    Deadline deadline,
                                                                    const std::stop_token& stop);

    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session();

    // As the assumed role where there is one.
    [[nodiscard]] Client& client() { return *client_; }

    // Asks AWS (sts:GetCallerIdentity, which needs no permission). An error says which place's
    // credentials do not work, or that there are none and where they were looked for.
    [[nodiscard]] Outcome<Identity> identity(Deadline deadline, const std::stop_token& stop);

    // With the same keys as client(), and its clock.
    [[nodiscard]] S3& s3() { return *s3_; }

    // Where client() gets its keys from: for what is signed elsewhere.
    [[nodiscard]] CredentialsProvider& credentials() { return *credentials_; }

    [[nodiscard]] const Region& region() const { return region_; }

    [[nodiscard]] const Endpoints& endpoints() const { return endpoints_; }

    [[nodiscard]] const SharedConfig& config() const { return config_; }

private:
    Session(SessionOptions options, SharedConfig config);
    Result<void>
    connect(SessionSenders senders, Clock& clock, Deadline deadline, const std::stop_token& stop);

    // In the order of their needs: later ones refer to earlier ones.
    SessionOptions options_;
    SharedConfig config_;
    std::unique_ptr<NetworkSender> network_;
    std::unique_ptr<NetworkSender> direct_network_;
    Traffic traffic_;
    Region region_;
    Endpoints endpoints_;
    std::unique_ptr<MetadataClient> metadata_;
    std::unique_ptr<CredentialChain> chain_;
    std::unique_ptr<Client> base_client_;
    std::unique_ptr<AssumeRoleProvider> role_;
    CredentialsProvider* credentials_ = nullptr; // chain_ or role_
    std::unique_ptr<Client> client_;
    std::unique_ptr<S3> s3_;
};

} // namespace squall::aws
