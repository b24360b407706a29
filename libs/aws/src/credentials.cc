#include "squall/aws/credentials.h"

#include "squall/base/log.h"
#include "squall/base/time_text.h"

namespace squall::aws {
namespace {

// Long-term keys have no token and short-lived ones may share their key id: both tell them apart.
std::string identity_of(const Credentials& credentials) {
    return credentials.keys.access_key_id + "\n" + credentials.keys.session_token;
}

} // namespace

CachedCredentials::Need CachedCredentials::need(const std::string& refused_key) const {
    if (!kept_ || (!refused_key.empty() && identity_of(*kept_) == refused_key))
        return Need::required;
    if (!kept_->expires) return Need::nothing;
    const auto now = clock_.wall();
    const auto left = *kept_->expires - now;
    if (left <= Wall::duration::zero()) return Need::required;
    return left < advisory_window && now >= no_try_before_ ? Need::advised : Need::nothing;
}

Outcome<Credentials> CachedCredentials::get(Deadline deadline, std::stop_token stop) {
    return fresh({}, deadline, stop);
}

Outcome<Credentials>
CachedCredentials::refresh(const Credentials& refused, Deadline deadline, std::stop_token stop) {
    return fresh(identity_of(refused), deadline, stop);
}

Outcome<Credentials> CachedCredentials::fresh(const std::string& refused_key,
                                              Deadline deadline,
                                              const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    Need needed = need(refused_key);
    while (loading_ && needed == Need::required) {
        const auto over = [this] {
            return !loading_;
        };
        const bool done = deadline.is_never()
                              ? changed_.wait(lock, stop, over)
                              : changed_.wait_until(lock, stop, deadline.when(), over);
        if (!done) {
            const auto code = stop.stop_requested() ? Errc::interrupted : Errc::timed_out;
            return fail(not_answered({}, {code, "waited in vain for another call's credentials"}));
        }
        needed = need(refused_key);
    }
    if (needed == Need::nothing || loading_) return *kept_;

    loading_ = true;
    lock.unlock();
    auto loaded_now = loaded(deadline, stop);
    lock.lock();
    loading_ = false;
    changed_.notify_all();
    if (loaded_now) {
        kept_ = *loaded_now;
        return loaded_now;
    }
    if (needed == Need::required || loaded_now.error().kind == Errc::interrupted) return loaded_now;
    no_try_before_ = clock_.wall() + advisory_pause;
    log::warning("renewing the credentials of {} failed, the old ones serve until {}: {}",
                 kept_->source,
                 rfc3339_seconds(*kept_->expires),
                 to_error(loaded_now.error()).message);
    return *kept_;
}

Outcome<Credentials> CachedCredentials::loaded(Deadline deadline, const std::stop_token& stop) {
    auto credentials = load_(deadline, stop);
    if (!credentials || !credentials->expires || *credentials->expires > clock_.wall())
        return credentials;
    ApiError error = not_answered(
        {},
        {Errc::denied,
         fmt::format("the credentials of {} expired at {}, and this machine's clock says {}",
                     credentials->source,
                     rfc3339_seconds(*credentials->expires),
                     rfc3339_seconds(clock_.wall()))});
    error.hint = "renew them there, or set the clock";
    return fail(std::move(error));
}

} // namespace squall::aws
