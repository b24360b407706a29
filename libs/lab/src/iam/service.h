// IAM as an API: users with access keys, roles with trust policies, inline and managed policies.
// Everybody and everything has the path "/". Changes hold from the next call on (AWS takes
// seconds).
#pragma once

#include "api/key_ring.h"
#include "iam/directory.h"

namespace squall::lab::iam {

class Service {
public:
    static constexpr std::size_t keys_of_user_max = 2;
    // IAM's quotas for the inline policies of one user or role, and for one other policy, in
    // characters without white space.
    static constexpr std::size_t user_policies_max = 2048;
    static constexpr std::size_t role_policies_max = 10'240;
    static constexpr std::size_t managed_policy_max = 6144;
    static constexpr std::size_t trust_policy_max = 2048;

    Service(KeyRing& keys, Directory& directory) : keys_(keys), directory_(directory) {}

    [[nodiscard]] std::optional<Answer> call(const ApiCall& call);

private:
    // users.cc
    Answer create_user(const ApiCall& call);
    Answer delete_user(const ApiCall& call);
    Answer get_user(const ApiCall& call);
    Answer list_users(const ApiCall& call);
    Answer create_access_key(const ApiCall& call);
    Answer update_access_key(const ApiCall& call);
    Answer delete_access_key(const ApiCall& call);
    Answer list_access_keys(const ApiCall& call);
    // roles.cc
    Answer create_role(const ApiCall& call);
    Answer delete_role(const ApiCall& call);
    Answer get_role(const ApiCall& call);
    Answer list_roles(const ApiCall& call);
    Answer update_assume_role_policy(const ApiCall& call);
    // inline_policies.cc: of users and roles alike
    Answer put_policy(const ApiCall& call);
    Answer get_policy_of(const ApiCall& call);
    Answer delete_policy_of(const ApiCall& call);
    Answer list_policies_of(const ApiCall& call);
    // managed_policies.cc
    Answer create_policy(const ApiCall& call);
    Answer delete_policy(const ApiCall& call);
    Answer get_policy(const ApiCall& call);
    Answer get_policy_version(const ApiCall& call);
    Answer list_policies(const ApiCall& call);
    Answer attach_policy(const ApiCall& call);
    Answer detach_policy(const ApiCall& call);
    Answer list_attached_policies(const ApiCall& call);

    // The user that a call names, else the caller's own; or the error.
    Result<Identity*, wire::ServiceError> user_of(const ApiCall& call);
    Result<Role*, wire::ServiceError> role_of(const ApiCall& call);
    // The one or the other, by what the call's parameters name.
    Result<Identity*, wire::ServiceError> holder_of(const ApiCall& call);
    Result<ManagedPolicy*, wire::ServiceError> managed_policy_of(const ApiCall& call);
    [[nodiscard]] std::size_t attachments_of(std::string_view policy_arn) const;

    KeyRing& keys_;
    Directory& directory_;
};

} // namespace squall::lab::iam
