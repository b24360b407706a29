// Which containers GET /containers/json shows: its query's `filters`. Pure.
#pragma once

#include "runtime/container.h"

#include <map>

namespace squall::labhost::runtime {

class ContainerFilter {
public:
    // The JSON of `filters`, {"label":["a=b"]} or the older clients' {"label":{"a=b":true}}; empty
    // text: everything passes. A filter Docker does not know is its 400, one a lab host lacks 501.
    [[nodiscard]] static Answer<ContainerFilter> parse(std::string_view text);

    // Every kind of filter must be met: labels all of them, the others any of theirs.
    [[nodiscard]] bool passes(const Container& container) const;

    // True if stopped containers are meant even where nobody asked for all.
    [[nodiscard]] bool names_a_status() const { return terms_.contains("status"); }

private:
    std::map<std::string, std::vector<std::string>, std::less<>> terms_;
};

} // namespace squall::labhost::runtime
