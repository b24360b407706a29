#include "sns/mailbox.h"

#include "squall/base/time_text.h"

#include <algorithm>

namespace squall::lab::sns {

void Mailbox::add(Mail mail) {
    bytes_ += mail.body.size();
    mails_.push_back(std::move(mail));
    while (mails_.size() > mails_max || bytes_ > bytes_max) {
        bytes_ -= mails_.front().body.size();
        mails_.pop_front();
        ++forgotten_;
    }
}

json::Array Mailbox::after(std::uint64_t number) const {
    json::Array all;
    for (std::size_t i = number <= forgotten_ ? 0 : number - forgotten_; i < mails_.size(); ++i) {
        const Mail& mail = mails_[i];
        all.push_back(json::Object{{"number", forgotten_ + i + 1},
                                   {"when", rfc3339_millis(mail.when)},
                                   {"to", mail.to},
                                   {"topic", mail.topic_arn.substr(mail.topic_arn.rfind(':') + 1)},
                                   {"topic_arn", mail.topic_arn},
                                   {"subject", mail.subject},
                                   {"body", mail.body}});
    }
    return all;
}

} // namespace squall::lab::sns
