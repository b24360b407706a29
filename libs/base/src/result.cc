#include "squall/base/result.h"

#include <cstdio>
#include <cstdlib>
#include <system_error>

namespace squall {

tl::unexpected<Error> fail(std::string_view doing, Error error) {
    error.message = fmt::format("{}: {}", doing, error.message);
    return tl::unexpected<Error>(std::move(error));
}

std::string errno_text(int number) { return std::generic_category().message(number); }

void assertion_failed(const char* condition, const char* file, int line) {
    std::fprintf(stderr, "squall: broken invariant at %s:%d: %s\n", file, line, condition);
    std::abort();
}

} // namespace squall
