// latency: the head of a response is held; the request reaches the application at once, and the
// connection lives.
#include "squall/fault/fault.h"

#include <fmt/format.h>

namespace squall::fault {
namespace {

constexpr Millis delay_max = std::chrono::minutes(10);

class Latency final : public Fault {
public:
    Latency(Millis delay, Millis jitter) : delay_(delay), jitter_(jitter) {}

    void treat(const http::RequestHead& /*request*/,
               std::mt19937_64& random,
               http::Treatment& into) const override {
        into.delay += delay_;
        if (jitter_ == Millis(0)) return;
        std::uniform_int_distribution<Millis::rep> spread(-jitter_.count(), jitter_.count());
        into.delay += Millis(spread(random));
    }

private:
    Millis delay_;
    Millis jitter_;
};

} // namespace

std::unique_ptr<const Fault> make_latency(Settings& settings) {
    const Millis delay = settings.millis("LATENCY", Millis(2000), delay_max);
    const Millis jitter = settings.millis("JITTER", Millis(0), delay_max);
    if (jitter > delay) {
        settings.complain(fmt::format("JITTER={}: it is taken from LATENCY={} as well as added, "
                                      "and cannot be more",
                                      jitter.count(),
                                      delay.count()));
        return nullptr;
    }
    return std::make_unique<Latency>(delay, jitter);
}

} // namespace squall::fault
