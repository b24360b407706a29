// A client and an application around one session: bytes go in as they are cut, and what comes out
// is kept. Time is moved by hand.
#pragma once

#include "squall/http/session1.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>

namespace squall::http {

class TreatsAll final : public Treater {
public:
    explicit TreatsAll(Treatment given = {}) : treatment(std::move(given)) {}

    Treatment treat(const RequestHead& request) override {
        last_target = request.target;
        return treatment;
    }

    Treatment treatment;
    std::string last_target;
};

class Wire {
public:
    explicit Wire(Treatment treatment = {}) : treater(std::move(treatment)) {}

    // Bytes from the client, in pieces of `step`.
    void client(const std::string& bytes, std::size_t step = std::string::npos) {
        send(bytes, step, from_client_);
    }

    void application(const std::string& bytes, std::size_t step = std::string::npos) {
        send(bytes, step, from_application_);
    }

    void client_ends() {
        EXPECT_EQ(from_client_, "") << "the end comes after all bytes were taken";
        with([&](Effects& effects) { session.client_ended(effects); });
    }

    void application_ends() {
        EXPECT_EQ(from_application_, "");
        with([&](Effects& effects) { session.application_ended(effects); });
    }

    void application_fails() {
        with([&](Effects& effects) { session.application_failed(effects); });
    }

    void pass(Millis time) {
        now += time;
        with([&](Effects& effects) { session.deadline_passed(now, effects); });
    }

    void disarm() {
        with([&](Effects& effects) { session.disarm(effects); });
    }

    [[nodiscard]] std::string take_client() { return std::exchange(to_client, {}); }

    [[nodiscard]] std::string take_application() { return std::exchange(to_application, {}); }

    // Not taken yet.
    [[nodiscard]] const std::string& waiting_of_client() const { return from_client_; }

    TreatsAll treater;
    Counts counts;
    SteadyTime now{};
    Session1 session{treater, counts, now};
    std::string to_client;
    std::string to_application;
    Close client_closes = Close::none;
    Close application_closes = Close::none;
    int opened = 0;

private:
    void send(const std::string& bytes, std::size_t step, std::string& waiting) {
        for (std::size_t at = 0; at < bytes.size(); at += std::min(step, bytes.size())) {
            waiting += bytes.substr(at, step);
            pump();
        }
    }

    void with(const std::function<void(Effects&)>& call) {
        Effects effects;
        call(effects);
        apply(effects);
        pump();
    }

    void apply(const Effects& effects) {
        effects.to_client.append_to(to_client);
        effects.to_application.append_to(to_application);
        if (effects.open_application) ++opened;
        if (effects.client != Close::none) client_closes = effects.client;
        if (effects.application != Close::none) application_closes = effects.application;
    }

    bool offer(std::string& waiting, bool is_client) {
        if (waiting.empty()) return false;
        // In a place of its own: whoever looks at bytes that have gone is found out.
        const std::string bytes = waiting;
        Effects effects;
        const std::size_t taken = is_client ? session.from_client(bytes, now, effects)
                                            : session.from_application(bytes, now, effects);
        apply(effects);
        waiting.erase(0, taken);
        return taken > 0;
    }

    void pump() {
        while (offer(from_client_, true) || offer(from_application_, false)) {
        }
    }

    std::string from_client_;
    std::string from_application_;
};

} // namespace squall::http
