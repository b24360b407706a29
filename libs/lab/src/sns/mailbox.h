// The mail that topics send to addresses: nothing leaves the lab, it lies here to be looked at. The
// oldest goes when there is too much.
#pragma once

#include "squall/base/clock.h"
#include "squall/base/json.h"

#include <cstdint>
#include <deque>
#include <string>

namespace squall::lab::sns {

struct Mail {
    WallTime when;
    std::string to;
    std::string topic_arn;
    std::string subject;
    std::string body;
};

class Mailbox {
public:
    static constexpr std::size_t mails_max = 1000;
    static constexpr std::size_t bytes_max = 32U << 20U;

    void add(Mail mail);

    // Those after the one with this number, oldest first: number, when, to, topic, topic_arn,
    // subject, body.
    [[nodiscard]] json::Array after(std::uint64_t number) const;

private:
    std::deque<Mail> mails_;
    std::uint64_t forgotten_ = 0; // how many are no longer in there
    std::size_t bytes_ = 0;
};

} // namespace squall::lab::sns
