// The ways that packets go in the lab's network, outside of the hosts.
#pragma once

#include "squall/base/result.h"

#include <string>

namespace squall::lab::breaks {

class Ways {
public:
    Ways() = default;
    Ways(const Ways&) = delete;
    Ways& operator=(const Ways&) = delete;
    Ways(Ways&&) = default;
    Ways& operator=(Ways&&) = default;
    virtual ~Ways() = default;

    // Between a host's address and one that the lab itself has.
    [[nodiscard]] virtual Result<void> close(const std::string& host,
                                             const std::string& address) = 0;
    [[nodiscard]] virtual Result<void> open(const std::string& host,
                                            const std::string& address) = 0;
};

} // namespace squall::lab::breaks
