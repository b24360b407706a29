// Credentials from wherever AWS's own tools would find them, in botocore's order:
//   1. environment variables (they win even when AWS_PROFILE is set, but not over a profile that
//      was named on the command line)
//   2. web identity (EKS service accounts), with the same exception
//   3. the profile in the credentials file, then in the config file
//   4. the container's role (ECS tasks, EKS pod identity)
//   5. the EC2 instance's role
// What AWS's tools would use and we cannot yet (assumed roles of profiles, single sign-on,
// credential_process) is an error where they would use it, never a step to the next place: the next
// place is somebody else.
#pragma once

#include "squall/aws/client.h"
#include "squall/aws/config.h"
#include "squall/aws/credentials.h"
#include "squall/aws/environment.h"
#include "squall/aws/metadata.h"
#include "squall/aws/sts.h"

#include <string>

namespace squall::aws {

// What a chain works with; all of it must outlive the chain.
struct ChainParts {
    HttpSender& sender;       // to AWS
    HttpSender& direct;       // without proxies: to the container's and the instance's addresses
    MetadataClient& metadata; // of the instance
    Traffic& traffic;
    Clock& clock;
    const Environment& environment;
};

// May be used from several threads at once. Once a place has given credentials, the others are not
// looked at any more; its files are read again at every renewal.
class CredentialChain final : public CredentialsProvider {
public:
    // `profile` as the user named it on the command line; empty: as the environment says.
    CredentialChain(ChainParts parts, Endpoints endpoints, std::string profile);

    [[nodiscard]] Outcome<Credentials> get(Deadline deadline, std::stop_token stop) override {
        return cached_.get(deadline, std::move(stop));
    }

    [[nodiscard]] Outcome<Credentials>
    refresh(const Credentials& refused, Deadline deadline, std::stop_token stop) override {
        return cached_.refresh(refused, deadline, std::move(stop));
    }

private:
    Outcome<Credentials> load(Deadline deadline, const std::stop_token& stop);

    ChainParts parts_;
    std::string profile_;
    FixedCredentials nobody_;
    Client unsigned_client_;
    Sts unsigned_sts_;
    std::string chosen_; // the place that gave credentials; only load() uses it
    CachedCredentials cached_;
};

} // namespace squall::aws
