// Every check there is: one question to this host, one answer. Each may block until its deadline,
// has a thread of its own, and may be left behind there.
#pragma once

#include "checks/facts.h"
#include "checks/look.h"

namespace squall::host {

// Of an agent, whatever its state; not_here where there is none.
[[nodiscard]] Look check_presence(Facts& facts, Deadline deadline);
[[nodiscard]] Look check_ecs_service(Facts& facts, Deadline deadline);
[[nodiscard]] Look check_docker_service(Facts& facts, Deadline deadline);
[[nodiscard]] Look check_docker(Facts& facts, Deadline deadline);
[[nodiscard]] Look check_agent_container(Facts& facts, Deadline deadline);
[[nodiscard]] Look check_agent_process(Facts& facts, Deadline deadline);
[[nodiscard]] Look check_introspection(Facts& facts, Deadline deadline);
[[nodiscard]] Look check_agent_version(Facts& facts, Deadline deadline);
[[nodiscard]] Look check_config(Facts& facts, Deadline deadline);
[[nodiscard]] Look check_agent_state(Facts& facts, Deadline deadline);
[[nodiscard]] Look check_metadata(Facts& facts, Deadline deadline);
[[nodiscard]] Look check_role(Facts& facts, Deadline deadline);
[[nodiscard]] Look check_permissions(Facts& facts, Deadline deadline);
[[nodiscard]] Look check_poll_permission(Facts& facts, Deadline deadline);
[[nodiscard]] Look check_telemetry_permission(Facts& facts, Deadline deadline);
[[nodiscard]] Look check_api_endpoint(Facts& facts, Deadline deadline);
[[nodiscard]] Look check_acs_endpoint(Facts& facts, Deadline deadline);
[[nodiscard]] Look check_tcs_endpoint(Facts& facts, Deadline deadline);
// Of rules that may keep away what was tried in vain; not_here where nothing was.
[[nodiscard]] Look check_firewall(Facts& facts, Deadline deadline);
[[nodiscard]] Look check_routes(Facts& facts, Deadline deadline);
[[nodiscard]] Look check_clock(Facts& facts, Deadline deadline);
[[nodiscard]] Look check_memory(Facts& facts, Deadline deadline);
[[nodiscard]] Look check_load(Facts& facts, Deadline deadline);
[[nodiscard]] Look check_disk(Facts& facts, Deadline deadline);
[[nodiscard]] Look check_descriptors(Facts& facts, Deadline deadline);
[[nodiscard]] Look check_kernel(Facts& facts, Deadline deadline);
[[nodiscard]] Look check_run_marks(Facts& facts, Deadline deadline);

} // namespace squall::host
