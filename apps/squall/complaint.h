// How a command says that it could not do what was asked.
#pragma once

#include "squall/base/result.h"

namespace squall::app {

// To standard error. The exit code: wrong usage, where what was asked cannot be meant, or an error.
int complain(const Error& error);

} // namespace squall::app
