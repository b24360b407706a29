// Waiting longer after each failure, as the ECS agent does: a first delay, a factor, a limit, a
// share of chance.
#pragma once

#include "squall/base/clock.h"

#include <algorithm>
#include <random>

namespace squall::labhost {

class Backoff {
public:
    Backoff(Millis first, Millis limit, double jitter, double factor)
        : first_(first), limit_(limit), jitter_(jitter), factor_(factor), next_(first) {}

    [[nodiscard]] Millis next(std::mt19937& random) {
        const double share =
            std::uniform_real_distribution<double>(1.0 - jitter_, 1.0 + jitter_)(random);
        const Millis delay = std::min(
            limit_, Millis(static_cast<Millis::rep>(static_cast<double>(next_.count()) * share)));
        next_ = std::min(
            limit_, Millis(static_cast<Millis::rep>(static_cast<double>(next_.count()) * factor_)));
        return delay;
    }

    void reset() { next_ = first_; }

private:
    Millis first_;
    Millis limit_;
    double jitter_;
    double factor_;
    Millis next_;
};

} // namespace squall::labhost
