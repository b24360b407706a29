// Looks as a file keeps them: an archive that was collected on a host holds what was looked at
// there (squall/looks.json), and the doctor takes it as if it had looked itself.
#pragma once

#include "squall/doctor/finding.h"

#include <span>

namespace squall::doctor {

// Secrets are taken out of every text.
[[nodiscard]] json::Array looks_json(std::span<const Look> looks);
// Forgives members that are not there. Texts are cut and made printable: whoever wrote the file may
// be anybody.
[[nodiscard]] Result<std::vector<Look>> looks_of(const json::Value& value);
[[nodiscard]] Result<std::vector<Look>> looks_of_text(std::string_view text);

} // namespace squall::doctor
