// The Security Token Service. Who may assume a role is decided by its trust policy, and where that
// trusts the whole account by the caller's own policies too.
#pragma once

#include "api/call.h"
#include "api/key_ring.h"
#include "iam/directory.h"

namespace squall::lab::sts {

class Service {
public:
    // When a role's session takes another role.
    static constexpr Seconds chained_session_max{3600};

    Service(KeyRing& keys, const iam::Directory& directory) : keys_(keys), directory_(directory) {}

    [[nodiscard]] std::optional<Answer> call(const ApiCall& call);

private:
    Answer get_caller_identity(const ApiCall& call);
    Answer assume_role(const ApiCall& call);
    Answer assume_role_with_web_identity(const ApiCall& call);
    // Null when there is none.
    [[nodiscard]] const iam::Role* role_of(const ApiCall& call) const;
    Answer session_answer(const ApiCall& call, const iam::Role& role, const std::string& subject);

    KeyRing& keys_;
    const iam::Directory& directory_;
};

} // namespace squall::lab::sts
