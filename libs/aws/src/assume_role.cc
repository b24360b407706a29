#include "squall/aws/assume_role.h"

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
        if (error.code.starts_with("AccessDenied")) {
            const std::string who =
                error.principal.empty() ? "the base credentials" : error.principal;
            error.hint = fmt::format("the trust policy of {} has to name {} as a principal, and {} "
                                     "needs sts:AssumeRole on that role",
                                     role_.role_arn,
                                     who,
                                     who);
        }
        return fail(std::move(error));
    }
    assumed->source = "the assumed role " + role_.role_arn;
    return assumed;
}

} // namespace squall::aws
