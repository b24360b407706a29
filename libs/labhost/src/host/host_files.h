// The files of a lab host: what an Amazon Linux 2023 container instance has that matters to agents
// and scripts.
#pragma once

#include "squall/labhost/host_spec.h"
#include "squall/labhost/rootfs.h"

namespace squall::labhost {

// Fills an empty tree: the machine's programs read-only, our tools before them in PATH,
// configuration, units. `program` is this binary, as a path of the machine.
[[nodiscard]] Result<void>
make_host_files(RootTree& tree, const HostSpec& spec, const Path& program);

} // namespace squall::labhost
