// Who holds it does what only one may do at a time: sends what a channel has to send, so that two
// that run side by side do not both tell of the same thing. It is in a monitor's table, and ends by
// itself, since its holder may.
#pragma once

#include "squall/aws/client.h"
#include "squall/watch/dynamo_store.h"

#include <string>

namespace squall::watch {

class DynamoLease {
public:
    // `client` and `clock` must outlive it. It is nobody's until it is taken.
    DynamoLease(aws::Client& client, Clock& clock, DynamoOptions options, std::string name);

    // False when somebody else has it. Held until `until` at the most, by the clocks of all: who
    // takes it must have ended by then.
    [[nodiscard]] Result<bool> take(WallTime until);
    [[nodiscard]] Result<void> give_back();

private:
    aws::Client& client_;
    Clock& clock_;
    DynamoOptions options_;
    std::string name_;
    std::string holder_; // this one
};

} // namespace squall::watch
