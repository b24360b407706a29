#include "api/endpoint.h"
#include "squall/base/text.h"

#include <array>

namespace squall::lab {
namespace {

struct Target {
    std::string_view prefix;
    std::string_view service;
};

constexpr std::array targets{
    Target{"AmazonEC2ContainerServiceV20141113", "ecs"},
    Target{"AmazonSSM", "ssm"},
    Target{"AmazonSQS", "sqs"},
    Target{"GraniteServiceVersion20100801", "cloudwatch"},
    Target{"AWSEvents", "events"},
    Target{"Logs_20140328", "logs"},
    // How the SSM agent of a host fetches its messages.
    Target{"EC2WindowsMessageDeliveryService_v20150101", "ec2messages"},
};

struct FormService {
    std::string_view version;
    std::string_view service;
    wire::Protocol protocol;
};

constexpr std::array form_services{
    FormService{"2011-06-15", "sts", wire::Protocol::query},
    FormService{"2010-05-08", "iam", wire::Protocol::query},
    FormService{"2016-11-15", "ec2", wire::Protocol::ec2},
    FormService{"2011-01-01", "autoscaling", wire::Protocol::query},
    FormService{"2015-12-01", "elasticloadbalancing", wire::Protocol::query},
    FormService{"2010-08-01", "cloudwatch", wire::Protocol::query},
    FormService{"2012-11-05", "sqs", wire::Protocol::query},
    FormService{"2010-03-31", "sns", wire::Protocol::query}};

std::string_view scope_service(const wire::HttpRequest& request, std::string& storage) {
    const auto authorization =
        wire::parse_authorization(wire::header_value(request.headers, "Authorization"));
    if (!authorization) return {};
    storage = authorization->scope.service;
    return storage;
}

Result<Dispatched, wire::ServiceError> dispatch_target(std::string_view target,
                                                       std::string_view content_type) {
    const auto protocol = content_type.find("json-1.0") != std::string_view::npos
                              ? wire::Protocol::json_1_0
                              : wire::Protocol::json_1_1;
    const auto [prefix, operation] = split_once(target, '.');
    for (const auto& known : targets) {
        if (known.prefix == prefix)
            return Dispatched{std::string(known.service), std::string(operation), protocol, {}};
    }
    return refuse("UnknownOperationException",
                  fmt::format("No service of this lab answers to X-Amz-Target {}.", target));
}

} // namespace

bool is_mailed_link(const wire::HttpRequest& request) {
    return request.method == "GET"
           && (request.target.starts_with("/?Action=ConfirmSubscription&")
               || request.target.starts_with("/?Action=Unsubscribe&"));
}

std::string_view signing_name(std::string_view service) {
    return service == "cloudwatch" ? "monitoring" : service;
}

Result<Dispatched, wire::ServiceError> dispatch(const wire::HttpRequest& request) {
    const std::string_view content_type = wire::header_value(request.headers, "Content-Type");
    if (const auto target = wire::header_value(request.headers, "X-Amz-Target"); !target.empty())
        return dispatch_target(target, content_type);
    const bool is_link = is_mailed_link(request);
    auto form = wire::QueryParameters::parse(is_link ? split_once(request.target, '?').second
                                                     : std::string_view(request.body));
    if (!form) return refuse("MalformedInput", form.error().message);
    if (is_link)
        return Dispatched{
            "sns", std::string(form->get("Action")), wire::Protocol::query, std::move(*form)};
    std::string storage;
    const std::string_view scope = scope_service(request, storage);
    for (const auto& known : form_services) {
        if (form->get("Action").empty()
            || (scope != signing_name(known.service) && form->get("Version") != known.version))
            continue;
        return Dispatched{std::string(known.service),
                          std::string(form->get("Action")),
                          known.protocol,
                          std::move(*form)};
    }
    return refuse("UnknownOperationException",
                  "The lab cannot tell which AWS service this request is meant for: it has neither "
                  "X-Amz-Target nor a known Action.");
}

} // namespace squall::lab
