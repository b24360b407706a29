// Credentials from wherever AWS's own tools would find them, in botocore's order:
//   1. environment variables (they win even when AWS_PROFILE is set, but not over a profile that
//      was named on the command line)
//   2. the profile's role: role_arn with source_profile or credential_source
//   3. web identity (EKS service accounts), with the same exception as 1
//   4. the profile's single sign-on
//   5. the profile's keys in the credentials file, its credential_process, its keys in the config
//      file
//   6. the container's role (ECS tasks, EKS pod identity)
//   7. the EC2 instance's role
// A place that is configured and does not work is an error, never a step to the next one: the next
// place is somebody else. So is what AWS's tools would use and we cannot (one-time codes,
// login_session).
#pragma once

#include "squall/aws/client.h"
#include "squall/aws/config.h"
#include "squall/aws/credentials.h"
#include "squall/aws/environment.h"
#include "squall/aws/metadata.h"

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
    // `profile` as the user named it on the command line; empty: as the environment says. With
    // `only_file` (AWS_AUTHENTICATION_SECRET) the chain is what that credentials file says of the
    // profile, and nothing else of this machine: 2 to 5 above.
    CredentialChain(ChainParts parts,
                    Endpoints endpoints,
                    std::string profile,
                    Path only_file = {});

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
    Endpoints endpoints_;
    std::string profile_;
    Path only_file_;
    std::string chosen_; // the place that gave credentials; only load() uses it
    CachedCredentials cached_;
};

} // namespace squall::aws
