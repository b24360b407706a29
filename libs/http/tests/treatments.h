// Treatments that the tests of both kinds of session give.
#pragma once

#include "squall/http/treatment.h"

#include <memory>
#include <string>
#include <utility>

namespace squall::http {

inline Treatment answering(int status, std::string body = "chaos") {
    Treatment treatment;
    treatment.answer = std::make_shared<const Answer>(
        status, FieldList{{"Content-Type", "text/plain"}}, std::move(body));
    return treatment;
}

inline Treatment with_status(int status) {
    Treatment treatment;
    treatment.status = status;
    return treatment;
}

inline Treatment with_body(std::string body) {
    Treatment treatment;
    treatment.body = std::make_shared<const std::string>(std::move(body));
    return treatment;
}

inline Treatment delayed(Millis delay, Treatment treatment = {}) {
    treatment.delay = delay;
    return treatment;
}

} // namespace squall::http
