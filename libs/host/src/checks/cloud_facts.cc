// What instance metadata and ECS answer: who this host is, with which keys, and where its agent is
// to connect to.
#include "checks/facts.h"
#include "squall/aws/endpoint.h"
#include "squall/base/text.h"

namespace squall::host {
namespace {

constexpr int ok = 200;
constexpr std::size_t file_max = 1U << 20U;
constexpr Seconds discovery_patience{5};
constexpr Seconds step_patience{4};

// botocore's and the agent's own form: the INI file that the SSM agent keeps on hosts outside of
// EC2.
wire::SigningCredentials keys_of_file(std::string_view text) {
    wire::SigningCredentials keys;
    for (const std::string& line : split(text, '\n')) {
        const auto [raw_name, raw_value] = split_once(line, '=');
        const std::string name = lower(trimmed(raw_name));
        const std::string value(trimmed(raw_value));
        if (name == "aws_access_key_id") keys.access_key_id = value;
        if (name == "aws_secret_access_key") keys.secret_access_key = value;
        if (name == "aws_session_token") keys.session_token = value;
    }
    return keys;
}

wire::HttpRequest ecs_request(std::string_view operation, const json::Object& input) {
    return {"POST",
            "/",
            {{"Content-Type", "application/x-amz-json-1.1"},
             {"X-Amz-Target", fmt::format("AmazonEC2ContainerServiceV20141113.{}", operation)}},
            json::text(input)};
}

} // namespace

MetadataView Facts::find_metadata(Deadline deadline) {
    MetadataView view;
    const auto* config = this->config(deadline);
    const std::string given =
        config == nullptr ? std::string() : config->get("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    view.url = given.empty() ? ground_.metadata_url : given;
    constexpr Millis patience = Seconds(2);
    view.token =
        ask(view.url,
            {"PUT", "/latest/api/token", {{"X-aws-ec2-metadata-token-ttl-seconds", "60"}}, {}},
            patience,
            deadline);
    view.answered_at = ground_.now();
    if (!view.token.answer) return view;
    wire::Headers headers;
    if (has_status(view.token, ok))
        headers.push_back({"X-aws-ec2-metadata-token", view.token.answer->body});
    const auto get = [&](const std::string& target) {
        return ask(view.url, {"GET", "/latest/" + target, headers, {}}, patience, deadline);
    };
    view.document = get("dynamic/instance-identity/document");
    if (!has_status(view.document, ok)) return view;
    const auto document = json::parse_object(view.document.answer->body);
    if (document) {
        view.instance_id = json::string_at(*document, "instanceId");
        view.region = json::string_at(*document, "region");
        view.account = json::string_at(*document, "accountId");
    }
    view.profile = get("meta-data/iam/info");
    view.role = get("meta-data/iam/security-credentials/");
    if (!has_status(view.role, ok)) return view;
    view.role_name = trimmed(split(view.role.answer->body, '\n').front());
    view.keys = get("meta-data/iam/security-credentials/" + wire::percent_encoded(view.role_name));
    return view;
}

Keys Facts::find_keys(Deadline deadline) {
    const auto* config = this->config(deadline);
    if (config == nullptr) return {{}, "", "ecs.config could not be read in time"};
    // Which cluster and which region are meant would be a guess.
    if (!config->unreadable.empty()) return {{}, "", config->unreadable};
    const wire::SigningCredentials given{config->get("AWS_ACCESS_KEY_ID"),
                                         config->get("AWS_SECRET_ACCESS_KEY"),
                                         config->get("AWS_SESSION_TOKEN")};
    if (!given.access_key_id.empty()) return {given, "ecs.config (AWS_ACCESS_KEY_ID)", ""};
    if (config->is_true("ECS_EXTERNAL")) {
        for (const std::string file : {"/rotatingcreds/credentials", "/root/.aws/credentials"}) {
            const auto text = read_file(path(file), file_max);
            if (!text) continue;
            auto keys = keys_of_file(*text);
            if (!keys.access_key_id.empty()) return {std::move(keys), file, ""};
        }
        return {{}, "", "neither ecs.config nor /root/.aws/credentials has keys"};
    }
    const auto* metadata = this->metadata(deadline);
    if (metadata == nullptr || !has_status(metadata->keys, ok))
        return {{}, "", "the instance metadata gives no keys"};
    const auto answer = json::parse_object(metadata->keys.answer->body);
    if (!answer) return {{}, "", "the instance metadata answers with no JSON"};
    return {{std::string(json::string_at(*answer, "AccessKeyId")),
             std::string(json::string_at(*answer, "SecretAccessKey")),
             std::string(json::string_at(*answer, "Token"))},
            fmt::format("the instance's role {}", metadata->role_name),
            ""};
}

Discovery Facts::find_discovery(Deadline given) {
    // Others wait for it, and still have to try what it does not say.
    const Deadline deadline = given.sooner(Deadline::in(discovery_patience));
    Discovery found;
    const auto* keys = this->keys(deadline);
    if (keys == nullptr || keys->keys.access_key_id.empty()) {
        found.why_not = keys == nullptr ? "the keys were not found in time" : keys->why_none;
        return found;
    }
    found.url = api_url(deadline);
    if (found.url.empty()) {
        found.why_not = "no region is known: AWS_DEFAULT_REGION is not set, and the instance "
                        "metadata does not say one";
        return found;
    }
    auto order = this->order(found.url, deadline);
    if (!order) {
        found.why_not = order.error().message;
        return found;
    }
    json::Object input{{"cluster", cluster(deadline)}};
    const auto* introspection = this->introspection(deadline);
    if (introspection != nullptr && !introspection->arn.empty())
        input["containerInstance"] = introspection->arn;
    order->request = ecs_request("DiscoverPollEndpoint", input);
    order->request->headers.insert(order->request->headers.begin(),
                                   {"Host", order->url.host_header()});
    wire::sign(*order->request, keys->keys, region(deadline), "ecs", ground_.now());
    order->step_max = step_patience;
    found.probed = transport::probe(*order, deadline);
    found.answered_at = ground_.now();
    if (!found.probed.answer) return found;
    if (found.probed.answer->status >= 300) {
        found.error = wire::read_error(wire::Protocol::json_1_1, *found.probed.answer).error;
        return found;
    }
    const auto body = json::parse_object(found.probed.answer->body);
    if (!body) {
        found.error = {"", "what answers is no ECS: the answer is no JSON", ok};
        return found;
    }
    found.acs = json::string_at(*body, "endpoint");
    found.tcs = json::string_at(*body, "telemetryEndpoint");
    return found;
}

EndpointView Facts::find_endpoint(Service service, Deadline deadline) {
    EndpointView view;
    view.url = api_url(deadline);
    if (service != Service::api && !view.url.empty()) {
        const auto* discovery = this->discovery(deadline);
        const auto* config = this->config(deadline);
        const bool is_awss = config != nullptr && config->get("ECS_BACKEND_HOST").empty();
        view.url.clear();
        if (discovery != nullptr)
            view.url = service == Service::acs ? discovery->acs : discovery->tcs;
        if (view.url.empty() && is_awss) {
            const std::string region = this->region(deadline);
            view.url = fmt::format("https://ecs-{}-1.{}.{}",
                                   service == Service::acs ? 'a' : 't',
                                   region,
                                   aws::dns_suffix(region));
            view.is_guessed = true;
        }
        if (view.url.empty()) view.why_not = "ECS has not answered where it is";
    } else if (view.url.empty()) {
        const auto* config = this->config(deadline);
        view.why_not = config == nullptr || !config->unreadable.empty()
                           ? "ecs.config could not be read"
                           : "no region is known";
    }
    if (view.url.empty()) return view;
    auto order = this->order(view.url, deadline);
    if (!order) {
        view.url.clear();
        view.why_not = order.error().message;
        return view;
    }
    order->step_max = step_patience;
    view.is_through_proxy = order->proxy.has_value();
    view.probed = transport::probe(*order, deadline);
    return view;
}

} // namespace squall::host
