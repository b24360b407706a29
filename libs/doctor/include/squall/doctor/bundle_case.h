// An archive of evidence as a case: its logs scanned, and what was looked at when it was made.
#pragma once

#include "squall/doctor/bundle.h"
#include "squall/doctor/diagnose.h"

namespace squall::doctor {

// Plain or gzip, made by AWS's logs collector or by us. What could not be read of it is told by a
// look. Fails where it is no archive.
[[nodiscard]] Result<Case> read_case(ByteSource& bytes, Scanner& scanner, WallTime now);

} // namespace squall::doctor
