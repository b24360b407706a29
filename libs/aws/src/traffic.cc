#include "squall/aws/traffic.h"

namespace squall::aws {

void CallCounts::add(const std::string& operation) {
    const std::lock_guard lock(mutex_);
    ++counts_[operation];
}

std::map<std::string, std::uint64_t> CallCounts::by_operation() const {
    const std::lock_guard lock(mutex_);
    return counts_;
}

} // namespace squall::aws
