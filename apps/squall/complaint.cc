#include "complaint.h"

#include "cli.h"
#include "squall/base/log.h"

namespace squall::app {

int complain(const Error& error) {
    constexpr int exit_error = 3;
    log::print("squall: {}\n", error.message);
    return error.code == Errc::invalid_input ? exit_usage : exit_error;
}

} // namespace squall::app
