#include "squall/aws/error.h"

namespace squall::aws {

Error to_error(const ApiError& error) {
    std::string text = error.operation + ": ";
    if (!error.code.empty()) text += error.code + ": ";
    text += error.message;
    if (!error.request_id.empty()) text += " (request " + error.request_id + ")";
    return {error.kind, std::move(text)};
}

}  // namespace squall::aws
