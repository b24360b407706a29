// Who we are to AWS, kept fresh. Secrets stay in `keys`: `source` and every message are free of
// them.
#pragma once

#include "squall/aws/error.h"
#include "squall/base/clock.h"
#include "squall/wire/sigv4.h"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

namespace squall::aws {

struct Credentials {
    wire::SigningCredentials keys; // all empty: calls go out unsigned
    std::optional<WallTime> expires;
    std::string source; // "environment variables", "the role of this EC2 instance (web)", …
};

// May be called from several threads at once.
class CredentialsProvider {
public:
    CredentialsProvider() = default;
    CredentialsProvider(const CredentialsProvider&) = delete;
    CredentialsProvider& operator=(const CredentialsProvider&) = delete;
    virtual ~CredentialsProvider() = default;

    // Good for at least the next minutes, or an error.
    [[nodiscard]] virtual Outcome<Credentials> get(Deadline deadline, std::stop_token stop) = 0;
    // After AWS said that `refused` have expired: looks again, whatever their expiry says. Many
    // threads with the same refused ones cause one look.
    [[nodiscard]] virtual Outcome<Credentials>
    refresh(const Credentials& refused, Deadline deadline, std::stop_token stop) = 0;
};

// Always the same ones. Without keys: for the calls of STS that are not signed.
class FixedCredentials final : public CredentialsProvider {
public:
    explicit FixedCredentials(Credentials credentials) : credentials_(std::move(credentials)) {}

    [[nodiscard]] Outcome<Credentials> get(Deadline, std::stop_token) override {
        return credentials_;
    }

    [[nodiscard]] Outcome<Credentials>
    refresh(const Credentials&, Deadline, std::stop_token) override {
        return credentials_;
    }

private:
    Credentials credentials_;
};

// Keeps what a load function gives. From 15 minutes before they expire a new load is tried (as
// botocore has it), and the old ones serve to their end when it fails: an undo that has to be
// signed must not fail while there are keys that AWS still takes. One thread loads at a time;
// others wait only when they have nothing usable.
class CachedCredentials final : public CredentialsProvider {
public:
    static constexpr std::chrono::minutes advisory_window{15};
    // After a failed try within the advisory window: the calls in between are not held up.
    static constexpr Seconds advisory_pause{30};

    using Load = std::function<Outcome<Credentials>(Deadline, const std::stop_token&)>;

    CachedCredentials(Clock& clock, Load load) : clock_(clock), load_(std::move(load)) {}

    [[nodiscard]] Outcome<Credentials> get(Deadline deadline, std::stop_token stop) override;
    [[nodiscard]] Outcome<Credentials>
    refresh(const Credentials& refused, Deadline deadline, std::stop_token stop) override;

private:
    enum class Need { nothing, advised, required };

    [[nodiscard]] Need need(const std::string& refused_key) const; // mutex_ is held
    Outcome<Credentials>
    fresh(const std::string& refused_key, Deadline deadline, const std::stop_token& stop);
    Outcome<Credentials> loaded(Deadline deadline, const std::stop_token& stop);

    Clock& clock_;
    Load load_;
    std::mutex mutex_;                    // guards what follows
    std::condition_variable_any changed_; // loading_ has become false
    bool loading_ = false;
    std::optional<Credentials> kept_;
    WallTime no_try_before_;
};

} // namespace squall::aws
