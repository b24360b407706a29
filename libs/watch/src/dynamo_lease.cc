#include "squall/watch/dynamo_lease.h"

#include "squall/aws/dynamodb.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

namespace squall::watch {
DynamoLease::DynamoLease(aws::Client& client, Clock& clock, DynamoOptions options, std::string name)
    : client_(client),
      clock_(clock),
      options_(std::move(options)),
      name_(std::move(name)),
      holder_(random_uuid()) {}

Result<bool> DynamoLease::take(WallTime until) {
    const aws::Item item{
        {"pk", "lease"}, {"sk", name_}, {"holder", holder_}, {"until", epoch_millis(until)}};
    const aws::Expression is_free{"attribute_not_exists(#h) OR #h = :me OR #u < :now",
                                  {{"#h", "holder"}, {"#u", "until"}},
                                  {{":me", holder_}, {":now", epoch_millis(clock_.wall())}}};
    const auto taken = aws::DynamoDb(client_).put_item(
        options_.table, item, is_free, Deadline::at(clock_.now() + options_.call_limit), {});
    if (taken) return true;
    if (taken.error().kind == Errc::conflict) return false;
    return fail(aws::to_error(taken.error()));
}

Result<void> DynamoLease::give_back() {
    const auto given =
        aws::DynamoDb(client_).delete_item({options_.table, {{"pk", "lease"}, {"sk", name_}}},
                                           {"#h = :me", {{"#h", "holder"}}, {{":me", holder_}}},
                                           Deadline::at(clock_.now() + options_.call_limit),
                                           {});
    // It had ended, and somebody else has it now.
    if (!given && given.error().kind != Errc::conflict) return fail(aws::to_error(given.error()));
    return {};
}

} // namespace squall::watch
