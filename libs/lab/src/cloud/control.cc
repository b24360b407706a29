#include "cloud/control.h"

namespace squall::lab {
namespace {

wire::HttpResponse answered(int status, json::Object object) {
    return {
        status, {{"Content-Type", "application/json"}}, json::text(json::Value(std::move(object)))};
}

Result<json::Object> mend(Cloud& cloud, const json::Object& order) {
    const json::Value& id = json::at(order, "id");
    if (!id.is_null() && !id.is_int64())
        return fail(Errc::invalid_input, "the number of what is to be mended is no integer");
    const auto count =
        cloud.breakages().mend(id.is_null() ? std::nullopt : std::optional(id.as_int64()));
    if (count == 0 && !id.is_null())
        return fail(Errc::not_found,
                    "nothing is broken under the number {}; `squall lab api show` lists what is",
                    id.as_int64());
    return json::Object{{"mended", count}};
}

Result<json::Object> expire(Cloud& cloud, const json::Object& order, WallTime now) {
    const std::string role(json::string_at(order, "role"));
    const auto count = cloud.keys().expire_sessions(role, now);
    if (count == 0)
        return fail(Errc::not_found, "there are no temporary credentials of a role '{}'", role);
    return json::Object{{"expired", count}};
}

Result<json::Object>
obey(Cloud& cloud, std::string_view verb, const json::Object& order, WallTime now) {
    if (verb == "break") {
        const auto read = BreakOrder::read(order);
        if (!read) return fail(read.error());
        return cloud.breakages().add(*read, now);
    }
    if (verb == "mend") return mend(cloud, order);
    if (verb == "expire") return expire(cloud, order, now);
    if (verb == "throttling") {
        cloud.throttle().turn(json::bool_at(order, "on"));
        return describe_api(cloud, now);
    }
    return fail(
        Errc::not_found, "this lab knows no `api {}`: it was started by another squall", verb);
}

} // namespace

json::Object describe_api(Cloud& cloud, WallTime now) {
    return {{"broken", cloud.breakages().describe(now)}, {"throttling", cloud.throttle().is_on()}};
}

wire::HttpResponse
answer_api_control(Cloud& cloud, const wire::HttpRequest& request, WallTime now) {
    if (request.method == "GET") return answered(200, describe_api(cloud, now));
    constexpr std::string_view prefix = "/api/";
    const std::string_view verb = request.target.starts_with(prefix)
                                      ? std::string_view(request.target).substr(prefix.size())
                                      : std::string_view{};
    const auto order = json::parse_object(request.body);
    if (!order) return answered(400, {{"error", order.error().message}});
    auto done = obey(cloud, verb, *order, now);
    if (!done) {
        return answered(done.error().code == Errc::not_found ? 404 : 400,
                        {{"error", done.error().message}});
    }
    return answered(200, std::move(*done));
}

} // namespace squall::lab
