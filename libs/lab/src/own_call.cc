#include "own_call.h"

#include "squall/base/text.h"

namespace squall::lab {

ApiCall own_call(Cloud& cloud, std::string service, std::string operation) {
    ApiCall call;
    call.service = std::move(service);
    call.operation = std::move(operation);
    call.region = cloud.region();
    call.caller = {fmt::format("arn:aws:iam::{}:user/lab", cloud.keys().account()), "AIDALAB"};
    call.request_id = random_uuid();
    call.now = Wall::now();
    return call;
}

} // namespace squall::lab
