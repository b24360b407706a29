#include "squall/aws/assume_role.h"

#include "refused_role.h"

namespace squall::aws {

AssumeRoleProvider::AssumeRoleProvider(Client& base, Clock& clock, RoleToAssume role)
    : sts_(base),
      role_(std::move(role)),
      cached_(clock, [this](Deadline deadline, const std::stop_token& stop) {
          return load(deadline, stop);
      }) {}

Outcome<Credentials> AssumeRoleProvider::load(Deadline deadline, const std::stop_token& stop) {
    const AssumeRoleRequest request{
        role_.role_arn, role_.session_name, role_.external_id, lifetime};
    auto assumed = sts_.assume_role(request, deadline, stop);
    if (!assumed) {
        ApiError error = std::move(assumed.error());
        explain_refused_role(error, role_.role_arn, role_.external_id);
        return fail(std::move(error));
    }
    assumed->source = "the assumed role " + role_.role_arn;
    return assumed;
}

} // namespace squall::aws
