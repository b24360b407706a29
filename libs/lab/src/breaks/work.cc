#include "breaks/work.h"

#include "breaks/units.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

namespace squall::lab::breaks {
namespace {

constexpr Millis look_interval{100};
// A host that reboots is up again within seconds.
constexpr Seconds host_patience{60};

std::string last_line_of(const std::string& output) {
    const auto lines = split(trimmed(output), '\n');
    return lines.empty() || lines.back().empty() ? "it says nothing" : lines.back();
}

} // namespace

Work::Work(transport::Loop& loop, Hosts& hosts, Site& site, Steps steps, Done done)
    : hosts_(hosts), site_(site), steps_(std::move(steps)), done_(std::move(done)), timer_(loop) {
    // Never from inside the constructor: whoever waits for the end has to keep this first.
    timer_.start(Millis(0), [this] { go_on(); });
}

void Work::go_on() {
    if (at_ == steps_.size()) return end({});
    std::visit([this](const auto& step) { take(step); }, steps_[at_]);
}

void Work::next() {
    ++at_;
    waits_until_.reset();
    timer_.start(Millis(0), [this] { go_on(); });
}

void Work::end(Result<void> how) {
    const auto done = std::move(done_);
    done(std::move(how));
}

void Work::take(const OnHost& step) {
    if (hosts_.is_gone(site_.instance_id)) return next();
    if (!hosts_.is_up(site_.instance_id)) {
        const SteadyTime now = Steady::now();
        if (!waits_until_) waits_until_ = now + host_patience;
        if (now < *waits_until_) return timer_.start(look_interval, [this] { go_on(); });
        return end(fail(Errc::unavailable,
                        "the host {} is not up: start it (`aws ec2 start-instances`), and say it "
                        "again",
                        site_.instance_id));
    }
    chore_ = hosts_.run(
        site_.instance_id, step.script, [this, kept_as = step.kept_as](Chore::Ended ended) {
            if (ended.exit_code != 0)
                return end(fail(Errc::failed,
                                "on the host {} a step ended with exit code {}: {}",
                                site_.instance_id,
                                ended.exit_code,
                                last_line_of(ended.output)));
            if (!kept_as.empty()) site_.before[kept_as] = trimmed(ended.output);
            next();
        });
}

void Work::take(const OnUnits& step) {
    const std::string script = script_for(step.order, site_.kept);
    if (script.empty()) return next();
    take(OnHost{script, {}});
}

void Work::take(const InCloud& step) {
    if (auto acted = step.act(site_); !acted) return end(std::move(acted));
    next();
}

void Work::take(const Awaited& step) {
    if (hosts_.is_gone(site_.instance_id) || step.has_come(site_)) return next();
    const SteadyTime now = Steady::now();
    if (!waits_until_) waits_until_ = now + step.patience;
    if (now >= *waits_until_)
        return end(fail(Errc::timed_out,
                        "{}: waited {} until {}",
                        site_.instance_id,
                        short_duration(step.patience),
                        step.what));
    timer_.start(look_interval, [this] { go_on(); });
}

} // namespace squall::lab::breaks
