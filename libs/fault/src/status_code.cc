// status-code: another status than the application's. Either the proxy answers by itself, and the
// application never sees the request, or the application is asked, and its answer gets the status.
#include "squall/fault/fault.h"
#include "squall/http/reason.h"

#include <fmt/format.h>

namespace squall::fault {
namespace {

constexpr std::int64_t retry_after_max = 86'400; // seconds

class StatusCode final : public Fault {
public:
    StatusCode(std::shared_ptr<const http::Answer> answer, bool asks_application)
        : answer_(std::move(answer)), asks_application_(asks_application) {}

    void treat(const http::RequestHead& request,
               std::mt19937_64& /*random*/,
               http::Treatment& into) const override {
        // What becomes another protocol has no status of its own that could be replaced afterwards.
        if (asks_application_ && !request.asks_upgrade)
            into.status = answer_->status();
        else
            into.answer = answer_;
    }

    [[nodiscard]] std::shared_ptr<const http::Answer> answer_to_all() const override {
        return asks_application_ ? nullptr : answer_;
    }

private:
    std::shared_ptr<const http::Answer> answer_;
    bool asks_application_;
};

// What a status must come with (RFC 9110), so that clients take it for what it is.
http::FieldList fields_of(int status, Settings& settings) {
    http::FieldList fields{{"Content-Type", "text/plain; charset=utf-8"}};
    if (status == 401) fields.emplace_back("WWW-Authenticate", "Squall");
    if (status == 407) fields.emplace_back("Proxy-Authenticate", "Squall");
    if (status == 405) fields.emplace_back("Allow", "");
    if (const auto where = settings.text("LOCATION", ""); !where.empty()) {
        if (status / 100 != 3 && status != 201)
            settings.complain("LOCATION: only 201 and 3xx have one");
        fields.emplace_back("Location", where);
    }
    if (settings.has("RETRY_AFTER")) {
        if (status != 429 && status != 503 && status / 100 != 3)
            settings.complain("RETRY_AFTER: only 429, 503 and 3xx have one");
        fields.emplace_back("Retry-After",
                            std::to_string(settings.integer("RETRY_AFTER", 1, 0, retry_after_max)));
    }
    return fields;
}

} // namespace

std::unique_ptr<const Fault> make_status_code(Settings& settings) {
    // 1xx is never the last word.
    const auto status = static_cast<int>(settings.integer("STATUS_CODE", 503, 200, 599));
    const bool answers = settings.boolean("MODIFY_RESPONSE_BODY", /*otherwise=*/true);
    auto answer = std::make_shared<const http::Answer>(
        status,
        fields_of(status, settings),
        fmt::format("{} {}\nThis answer was made by Squall: the application was not asked.\n",
                    status,
                    http::reason_of(status)));
    return std::make_unique<StatusCode>(std::move(answer), !answers);
}

} // namespace squall::fault
