// The container instance that an EC2 instance leaves behind when its agent registers as another
// one.
#pragma once

#include "squall/doctor/scan.h"
#include "squall/host/afar.h"

#include <optional>

namespace squall::host {

// Of records, the newest first: an older one that is named by its ARN, or the last part of it.
[[nodiscard]] std::string left_over_by_name(const std::vector<aws::ContainerInstance>& records,
                                            const std::vector<std::string>& names);

// Beside a record that is connected there is a disconnected one of the same instance, and either
// the agent's log says that it started with another's state, or that record itself was asked for.
// Then it is what is wrong; otherwise it may be of any age, and is nobody's illness.
[[nodiscard]] std::optional<doctor::Look> left_over(const Patient& patient,
                                                    const doctor::Catalogue& catalogue,
                                                    const std::vector<doctor::ScannedLog>& logs);

} // namespace squall::host
