// Settings that name a proxy, in whatever form: of a shell, of a unit, of JSON, as an option.
#pragma once

#include "redact/spans.h"

namespace squall::doctor {

// Where their values are. NO_PROXY's is one of them.
[[nodiscard]] Spans proxy_values(std::string_view text);

} // namespace squall::doctor
