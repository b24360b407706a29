// The Security Token Service. Which role may be assumed by whom is decided by its trust policy;
// this lab knows the roles it was made with, and everybody in the account may assume them.
#pragma once

#include "api/call.h"
#include "api/key_ring.h"

#include <set>

namespace squall::lab::sts {

class Service {
public:
    explicit Service(KeyRing& keys) : keys_(keys) {}

    [[nodiscard]] std::optional<Answer> call(const ApiCall& call);
    void add_role(const std::string& name);

private:
    Answer get_caller_identity(const ApiCall& call);
    Answer assume_role(const ApiCall& call);
    Answer assume_role_with_web_identity(const ApiCall& call);
    Answer session_answer(const ApiCall& call, const std::string& role, const std::string& subject);

    KeyRing& keys_;
    std::set<std::string, std::less<>> roles_; // ARNs
};

} // namespace squall::lab::sts
