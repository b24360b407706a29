// `squall-host doctor`: why this host's ECS agent is away; `squall-host doctor collect`: an archive
// of what there is to know.
#pragma once

#include "squall/host/doctor_order.h"

namespace squall::host_app {

// 0 healthy or recovered, 1 a finding, 2 unknown.
[[nodiscard]] int run_doctor(const host::DoctorOrder& order, bool tells_all);
[[nodiscard]] int run_collect(const std::string& output);

} // namespace squall::host_app
