#include "squall/aws/credentials.h"

#include "fake_clock.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace squall::aws {
namespace {

using std::chrono::minutes;

// Somebody who gives out keys for an hour, numbered, and may be out of order.
class Issuer {
public:
    explicit Issuer(FakeClock& clock) : clock_(clock) {}

    std::atomic<bool> works = true;
    std::atomic<int> asked = 0;
    minutes lifetime{60};

    Outcome<Credentials> issue() {
        ++asked;
        if (!works) return fail(not_answered("sts:AssumeRole", {Errc::unavailable, "no answer"}));
        return Credentials{{"AKID" + std::to_string(++issued_), "secret", "token"},
                           clock_.wall() + lifetime,
                           "the issuer"};
    }

private:
    FakeClock& clock_;
    std::atomic<int> issued_ = 0;
};

class CachedCredentialsTest : public testing::Test {
protected:
    std::string key() {
        const auto got = cached.get(Deadline::never(), {});
        return got ? got->keys.access_key_id : "error: " + to_error(got.error()).message;
    }

    FakeClock clock;
    Issuer issuer{clock};
    CachedCredentials cached{clock, [this](Deadline, const std::stop_token&) {
                                 return issuer.issue();
                             }};
};

TEST_F(CachedCredentialsTest, AreLoadedOnceUntilFifteenMinutesBeforeTheyExpire) {
    EXPECT_EQ(key(), "AKID1");
    clock.advance(minutes(45));
    EXPECT_EQ(key(), "AKID1");
    EXPECT_EQ(issuer.asked, 1);
    clock.advance(Seconds(1));
    EXPECT_EQ(key(), "AKID2");
}

TEST_F(CachedCredentialsTest, TheOldOnesServeToTheirEndWhenRenewingFails) {
    EXPECT_EQ(key(), "AKID1");
    issuer.works = false;
    clock.advance(minutes(46));
    EXPECT_EQ(key(), "AKID1");
    EXPECT_EQ(issuer.asked, 2);
    // Not every call in that time tries again.
    EXPECT_EQ(key(), "AKID1");
    EXPECT_EQ(issuer.asked, 2);
    clock.advance(CachedCredentials::advisory_pause);
    EXPECT_EQ(key(), "AKID1");
    EXPECT_EQ(issuer.asked, 3);
    clock.advance(minutes(13));
    EXPECT_EQ(key(), "AKID1");
    clock.advance(minutes(1));
    EXPECT_EQ(key(), "error: sts:AssumeRole: no answer");
    issuer.works = true;
    EXPECT_EQ(key(), "AKID2");
}

TEST_F(CachedCredentialsTest, OnesThatNeverExpireAreLoadedOnce) {
    int loads = 0;
    CachedCredentials fixed(clock, [&](Deadline, const std::stop_token&) {
        ++loads;
        return Outcome<Credentials>(Credentials{{"AKID", "secret", ""}, std::nullopt, "a file"});
    });
    EXPECT_TRUE(fixed.get(Deadline::never(), {}));
    clock.advance(std::chrono::hours(10'000));
    EXPECT_TRUE(fixed.get(Deadline::never(), {}));
    EXPECT_EQ(loads, 1);
}

TEST_F(CachedCredentialsTest, AnErrorIsNotKept) {
    issuer.works = false;
    EXPECT_NE(key().find("error"), std::string::npos);
    issuer.works = true;
    EXPECT_EQ(key(), "AKID1");
}

TEST_F(CachedCredentialsTest, RefusedOnesAreReplacedOnceHoweverManyThreadsComplain) {
    const auto refused = cached.get(Deadline::never(), {}).value();
    EXPECT_EQ(cached.refresh(refused, Deadline::never(), {}).value().keys.access_key_id, "AKID2");
    EXPECT_EQ(cached.refresh(refused, Deadline::never(), {}).value().keys.access_key_id, "AKID2");
    EXPECT_EQ(issuer.asked, 2);
}

TEST_F(CachedCredentialsTest, NewOnesThatHaveExpiredAlreadyAreAnErrorThatSuggestsTheClock) {
    issuer.lifetime = minutes(-1);
    EXPECT_NE(key().find("the credentials of the issuer expired at 2026-11-21T01:59:00Z, and this "
                         "machine's clock says 2026-11-21T02:00:00Z; renew them there, or set the "
                         "clock"),
              std::string::npos)
        << key();
}

TEST_F(CachedCredentialsTest, ManyThreadsWaitForOneLoad) {
    std::vector<std::jthread> threads;
    threads.reserve(8);
    std::atomic<int> right = 0;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] {
            for (int k = 0; k < 50; ++k) {
                const auto got = cached.get(Deadline::never(), {});
                if (got && got->keys.access_key_id == "AKID1") ++right;
            }
        });
    }
    threads.clear();
    EXPECT_EQ(right, 400);
    EXPECT_EQ(issuer.asked, 1);
}

TEST_F(CachedCredentialsTest, AThreadThatWaitsForAnothersLoadCanBeStopped) {
    std::stop_source stop;
    std::atomic<bool> loading = false;
    CachedCredentials slow(clock, [&](Deadline, const std::stop_token& token) {
        loading = true;
        loading.notify_all();
        // As long as whoever waits for this load has not given up.
        std::mutex mutex;
        std::unique_lock lock(mutex);
        std::condition_variable_any never;
        never.wait(lock, token, [] { return false; });
        return issuer.issue();
    });
    std::stop_source first_stop;
    std::jthread first([&] { (void)slow.get(Deadline::never(), first_stop.get_token()); });
    loading.wait(false);
    std::jthread stopper([&] { stop.request_stop(); });
    EXPECT_EQ(slow.get(Deadline::never(), stop.get_token()).error().kind, Errc::interrupted);
    first_stop.request_stop();
}

} // namespace
} // namespace squall::aws
