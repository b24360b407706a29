#include "squall/wire/protocol.h"

#include "squall/base/json.h"
#include "squall/base/text.h"
#include "squall/wire/xml.h"

namespace squall::wire {
namespace {

// "com.amazonaws.sqs#QueueDoesNotExist:http://…" is QueueDoesNotExist: what stands between '#' and
// ':'.
std::string plain_code(std::string_view code) {
    if (const auto hash = code.find('#'); hash != std::string_view::npos)
        code.remove_prefix(hash + 1);
    return std::string(code.substr(0, code.find(':')));
}

ReadError not_an_aws_error(const HttpResponse& response) {
    constexpr std::size_t shown_max = 200;
    const std::string_view start = trimmed(std::string_view(response.body).substr(0, shown_max));
    return {{fmt::format("HTTP {}", response.status), std::string(start), response.status}, {}};
}

ReadError read_json_error(const HttpResponse& response) {
    const auto body = json::parse_object(response.body);
    std::string code = plain_code(header_value(response.headers, "x-amzn-ErrorType"));
    if (body && code.empty())
        code = plain_code(json::string_at(*body, "__type", json::string_at(*body, "code")));
    if (code.empty()) return not_an_aws_error(response);
    ReadError read{{std::move(code), {}, response.status},
                   std::string(header_value(response.headers, "x-amzn-RequestId"))};
    if (body)
        read.error.message = json::string_at(*body, "message", json::string_at(*body, "Message"));
    return read;
}

ReadError read_xml_error(const HttpResponse& response,
                         std::string_view error_path,
                         std::string_view request_id_path) {
    const auto document = XmlDocument::parse(response.body);
    if (!document) return not_an_aws_error(response);
    const std::string path(error_path);
    ReadError read{
        {document->text_at(path + "/Code"), document->text_at(path + "/Message"), response.status},
        document->text_at(request_id_path)};
    return read.error.code.empty() ? not_an_aws_error(response) : read;
}

std::string json_error_body(const ServiceError& error) {
    // ECS writes "message", SSM "Message"; every SDK accepts the first.
    return json::text(json::Object{{"__type", error.code}, {"message", error.message}});
}

std::string query_error_body(const ServiceError& error, std::string_view request_id) {
    XmlWriter xml;
    xml.open("ErrorResponse");
    xml.element("Error", [&] {
        xml.leaf("Type", error.status < 500 ? "Sender" : "Receiver");
        xml.leaf("Code", error.code);
        xml.leaf("Message", error.message);
    });
    xml.leaf("RequestId", request_id);
    xml.close();
    return xml.text();
}

std::string ec2_error_body(const ServiceError& error, std::string_view request_id) {
    XmlWriter xml;
    xml.open("Response");
    xml.element("Errors", [&] {
        xml.element("Error", [&] {
            xml.leaf("Code", error.code);
            xml.leaf("Message", error.message);
        });
    });
    xml.leaf("RequestID", request_id);
    xml.close();
    return xml.text();
}

std::string rest_xml_error_body(const ServiceError& error, std::string_view request_id) {
    XmlWriter xml;
    xml.open("Error");
    xml.leaf("Code", error.code);
    xml.leaf("Message", error.message);
    xml.leaf("RequestId", request_id);
    xml.close();
    return xml.text();
}

// Answers to HEAD have no body: S3's own headers say whose they are.
ReadError read_rest_xml_error(const HttpResponse& response) {
    const std::string request_id(header_value(response.headers, "x-amz-request-id"));
    if (response.body.empty() && !request_id.empty())
        return {{std::to_string(response.status), {}, response.status}, request_id};
    const auto document = XmlDocument::parse(response.body);
    if (!document || document->root_name() != "Error" || document->text_at("Code").empty())
        return not_an_aws_error(response);
    return {{document->text_at("Code"), document->text_at("Message"), response.status}, request_id};
}

} // namespace

std::string_view content_type(Protocol protocol) {
    switch (protocol) {
    case Protocol::json_1_0:
        return "application/x-amz-json-1.0";
    case Protocol::json_1_1:
        return "application/x-amz-json-1.1";
    case Protocol::query:
    case Protocol::ec2:
        return "text/xml;charset=UTF-8";
    case Protocol::rest_xml:
        return "application/xml";
    }
    return {};
}

HttpResponse
error_response(Protocol protocol, const ServiceError& error, std::string_view request_id) {
    HttpResponse response{error.status,
                          {{"Content-Type", std::string(content_type(protocol))},
                           {"x-amzn-RequestId", std::string(request_id)}},
                          {}};
    switch (protocol) {
    case Protocol::json_1_0:
    case Protocol::json_1_1:
        // botocore takes the code from the body, other SDKs prefer the header: both say it.
        response.headers.push_back({"x-amzn-ErrorType", error.code});
        response.body = json_error_body(error);
        break;
    case Protocol::query:
        response.body = query_error_body(error, request_id);
        break;
    case Protocol::ec2:
        response.body = ec2_error_body(error, request_id);
        break;
    case Protocol::rest_xml:
        response.headers[1].name = "x-amz-request-id";
        response.body = rest_xml_error_body(error, request_id);
        break;
    }
    return response;
}

ReadError read_error(Protocol protocol, const HttpResponse& response) {
    switch (protocol) {
    case Protocol::json_1_0:
    case Protocol::json_1_1:
        return read_json_error(response);
    case Protocol::query:
        return read_xml_error(response, "Error", "RequestId");
    case Protocol::ec2:
        return read_xml_error(response, "Errors/Error", "RequestID");
    case Protocol::rest_xml:
        return read_rest_xml_error(response);
    }
    return not_an_aws_error(response);
}

} // namespace squall::wire
