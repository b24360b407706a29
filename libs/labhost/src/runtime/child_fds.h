// Descriptors made for a child that finds them under numbers of its own.
#pragma once

#include "squall/base/fd.h"

#include <string>

namespace squall::labhost::runtime {

// The same open file under a number that is above every one a child expects (0 to 15), so that
// putting one in place cannot close another; close on exec.
[[nodiscard]] Result<Fd> parked(const Fd& fd);

// A file in memory that holds this text, to be read from its beginning; parked.
[[nodiscard]] Result<Fd> text_as_file(const std::string& text);

// /dev/null, for reading and writing; parked.
[[nodiscard]] Result<Fd> open_nothing();

} // namespace squall::labhost::runtime
