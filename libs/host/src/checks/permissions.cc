// May this host's role do what the agent does?
#include "checks/checks.h"
#include "squall/aws/retry.h"
#include "squall/base/text.h"

namespace squall::host {
namespace {

constexpr Seconds step_patience{4};
constexpr const char* how =
    "aws iam simulate-principal-policy --policy-source-arn "
    "arn:aws:iam::{account}:role/{role} --action-names ecs:DiscoverPollEndpoint ecs:Poll "
    "ecs:StartTelemetrySession";
constexpr std::chrono::minutes signature_tolerance{5};

bool has(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

std::optional<Wall::duration> server_ahead(const Discovery& discovery) {
    return discovery.probed.answer
               ? aws::server_ahead_by(discovery.probed.answer->headers, discovery.answered_at)
               : std::nullopt;
}

struct Refusal {
    const char* cause = nullptr;
    Certainty certainty = Certainty::certain;
    std::string summary;
    std::size_t instead_of = 0; // see Sign
};

// An order against a permission is not answered by granting it: the catalogue's first step.
std::size_t not_granted(std::string_view message) { return has(message, "explicit deny") ? 1 : 0; }

// A signature is refused for its time, or for its secret: AWS's own clock tells which.
Refusal of_signature(const Discovery& discovery) {
    const auto ahead = server_ahead(discovery).value_or(Wall::duration::zero());
    const bool says_time = has(discovery.error.message, "Signature expired")
                           || has(discovery.error.message, "not yet current");
    if (says_time || std::chrono::abs(ahead) > signature_tolerance)
        return {"CLOCK_SKEW",
                Certainty::certain,
                "AWS does not take this host's signatures, because its clock is wrong"};
    return {"IAM_EXPIRED",
            Certainty::likely,
            "AWS does not take this host's signatures: the secret key is not that of the key id"};
}

Refusal refusal_of(const Discovery& discovery, const Keys& keys) {
    const std::string& code = discovery.error.code;
    const std::string& message = discovery.error.message;
    if (has(message, "Credential should be scoped to a valid region"))
        return {"REGION_MISMATCH",
                Certainty::certain,
                fmt::format("AWS_DEFAULT_REGION is not the region of {}", discovery.url)};
    if (code.starts_with("AccessDenied"))
        return {"IAM_DENIED",
                Certainty::certain,
                fmt::format("ecs:DiscoverPollEndpoint is denied to {}{}",
                            keys.source,
                            has(message, "explicit deny") ? " by an explicit deny" : ""),
                not_granted(message)};
    if (code.starts_with("ExpiredToken"))
        return {"IAM_EXPIRED",
                Certainty::certain,
                fmt::format("the keys of {} have expired", keys.source)};
    if (code.starts_with("UnrecognizedClient") || code.starts_with("InvalidClientTokenId"))
        return {"IAM_EXPIRED",
                Certainty::certain,
                fmt::format("AWS does not know the keys of {}", keys.source)};
    if (code.starts_with("InvalidSignature") || code == "SignatureDoesNotMatch")
        return of_signature(discovery);
    if (code.starts_with("RequestExpired") || code.starts_with("RequestTimeTooSkewed"))
        return {"CLOCK_SKEW", Certainty::certain, "AWS takes this host's requests for too old"};
    if (code.starts_with("ClusterNotFound") || has(message, "Cluster not found"))
        return {"CLUSTER_NOT_FOUND", Certainty::certain, "ECS knows no such cluster"};
    if (code.starts_with("Throttling") || has(message, "Rate exceeded"))
        return {"API_THROTTLED", Certainty::certain, "ECS throttles this account's calls"};
    return {};
}

std::string cut(std::string_view text) { return std::string(text.substr(0, 200)); }

std::string asked(const Discovery& discovery) {
    return fmt::format("ecs:DiscoverPollEndpoint at {}", discovery.url);
}

// The container instance that is asked for. It must be nobody's: ECS ends an agent's session when
// another one begins in its name. An id that is none cannot be anybody's, and lies where policies
// for this cluster's instances apply.
std::string nobodys_arn(Facts& facts, Deadline deadline) {
    constexpr const char* nobody = "squall-doctor";
    const auto* introspection = facts.introspection(deadline);
    if (introspection != nullptr && introspection->arn.rfind('/') != std::string::npos)
        return introspection->arn.substr(0, introspection->arn.rfind('/') + 1) + nobody;
    const auto* metadata = facts.metadata(deadline);
    const std::string region = facts.region(deadline);
    if (metadata == nullptr || metadata->account.empty() || region.empty()) return {};
    const char* partition = region.starts_with("cn-")       ? "aws-cn"
                            : region.starts_with("us-gov-") ? "aws-us-gov"
                                                            : "aws";
    return fmt::format("arn:{}:ecs:{}:{}:container-instance/{}/{}",
                       partition,
                       region,
                       metadata->account,
                       facts.cluster(deadline),
                       nobody);
}

struct Session {
    Service service = Service::acs;
    const char* action = "";
    std::string query; // cluster and instance are put into it
};

// A websocket's upgrade, signed as the agent signs it: its host and its time alone.
Result<transport::ProbeOrder>
upgrade(Facts& facts, const Session& session, const std::string& url, Deadline deadline) {
    auto order = facts.order(url, deadline);
    if (!order) return order;
    const auto* keys = facts.keys(deadline);
    if (keys == nullptr) return fail(Errc::timed_out, "the keys were not found in time");
    wire::HttpRequest request{"GET",
                              fmt::format("{}ws?{}", order->url.target, session.query),
                              {{"Host", order->url.host_header()}},
                              {}};
    wire::sign(request, keys->keys, facts.region(deadline), "ecs", facts.ground().now());
    request.headers.insert(request.headers.end(),
                           {{"Connection", "Upgrade"},
                            {"Upgrade", "websocket"},
                            {"Sec-WebSocket-Version", "13"},
                            {"Sec-WebSocket-Key", "c3F1YWxsIGRvY3RvciBhcw=="}});
    order->request = std::move(request);
    order->step_max = step_patience;
    return order;
}

// {"AccessDeniedException":"Forbidden"}: the type, and the text.
std::pair<std::string, std::string> refused_upgrade(const wire::HttpResponse& answer) {
    const auto body = json::parse_object(answer.body);
    if (body && body->size() == 1)
        return {std::string(body->begin()->key()),
                std::string(json::string_of(body->begin()->value()))};
    const auto read = wire::read_error(wire::Protocol::json_1_1, answer).error;
    return {read.code, read.message};
}

Look judged(Facts& facts, const Session& session, const Probed& probed, Deadline deadline) {
    constexpr int switching = 101;
    if (!probed.answer)
        return could_not_look(fmt::format("the question whether {} is allowed was not answered: {}",
                                          session.action,
                                          outcome_text(probed)),
                              how);
    if (probed.answer->status == switching)
        return healthy(fmt::format("{} is allowed", session.action));
    const auto [code, message] = refused_upgrade(*probed.answer);
    const std::string came = fmt::format("{}: {}", code, cut(message));
    const std::string asked_for =
        fmt::format("{} as a container instance that does not exist", session.action);
    if (code.starts_with("AccessDenied")) {
        const auto* keys = facts.keys(deadline);
        auto denied = sign("IAM_DENIED",
                           Certainty::likely,
                           fmt::format("{} is denied to {}",
                                       session.action,
                                       keys == nullptr ? "this host" : keys->source),
                           {evidence(asked_for, came)});
        denied.instead_of = not_granted(message);
        return finding(std::move(denied));
    }
    if (code.starts_with("InvalidCluster") || code.starts_with("ClusterNotFound"))
        return finding(sign("CLUSTER_NOT_FOUND",
                            Certainty::certain,
                            fmt::format("ECS knows no cluster {}", facts.cluster(deadline)),
                            {evidence(asked_for, came)}));
    if (code.starts_with("InvalidInstance") || code.starts_with("InactiveInstance")
        || code.starts_with("BadRequest") || code.starts_with("InvalidParameter")
        || code.starts_with("ClientException"))
        return healthy(fmt::format("{} is not denied (asked {})", session.action, came));
    return could_not_look(
        fmt::format(
            "{} was answered with HTTP {} {}", session.action, probed.answer->status, cut(came)),
        how);
}

Look look_at(Facts& facts, Session session, Deadline deadline) {
    const auto* discovery = facts.discovery(deadline);
    const std::string url = discovery == nullptr              ? ""
                            : session.service == Service::acs ? discovery->acs
                                                              : discovery->tcs;
    if (url.empty()) return could_not_look("ECS has not answered where it would be asked", how);
    const std::string arn = nobodys_arn(facts, deadline);
    if (arn.empty()) return could_not_look("this account's number is not known", how);
    const auto* introspection = facts.introspection(deadline);
    const std::string version = introspection == nullptr || introspection->version.empty()
                                    ? "1.0.0"
                                    : introspection->version;
    const std::string cluster = wire::percent_encoded(facts.cluster(deadline));
    const std::string instance = wire::percent_encoded(arn);
    // By name, in the order of a canonical query.
    session.query =
        session.service == Service::acs
            ? fmt::format("agentHash=squall&agentVersion={}&clusterArn={}&containerInstanceArn={}&"
                          "protocolVersion=2&sendCredentials=false&seqNum=1",
                          version,
                          cluster,
                          instance)
            : fmt::format("agentHash=squall&agentVersion={}&cluster={}&containerInstance={}",
                          version,
                          cluster,
                          instance);
    const auto order = upgrade(facts, session, url, deadline);
    if (!order) return could_not_look(order.error().message, how);
    return judged(facts, session, transport::probe(*order, deadline), deadline);
}

} // namespace

Look check_permissions(Facts& facts, Deadline deadline) {
    const auto* discovery = facts.discovery(deadline);
    const auto* keys = facts.keys(deadline);
    if (discovery == nullptr || keys == nullptr) return could_not_look("not asked in time", how);
    if (!discovery->why_not.empty()) return could_not_look(discovery->why_not, how);
    if (!discovery->probed.answer)
        return could_not_look(fmt::format("{} was not answered: {}",
                                          asked(*discovery),
                                          outcome_text(discovery->probed)),
                              how);
    if (!discovery->acs.empty())
        return healthy(fmt::format("ecs:DiscoverPollEndpoint is allowed to {}", keys->source));
    auto refusal = refusal_of(*discovery, *keys);
    const std::string came =
        fmt::format("{}: {}", discovery->error.code, cut(discovery->error.message));
    if (refusal.cause == nullptr)
        return could_not_look(fmt::format("{} was answered with HTTP {} {}",
                                          asked(*discovery),
                                          discovery->probed.answer->status,
                                          came),
                              how);
    auto refused = sign(refusal.cause,
                        refusal.certainty,
                        std::move(refusal.summary),
                        {evidence(asked(*discovery), came)});
    refused.instead_of = refusal.instead_of;
    return finding(std::move(refused));
}

Look check_poll_permission(Facts& facts, Deadline deadline) {
    return look_at(facts, {Service::acs, "ecs:Poll", ""}, deadline);
}

Look check_telemetry_permission(Facts& facts, Deadline deadline) {
    return look_at(facts, {Service::tcs, "ecs:StartTelemetrySession", ""}, deadline);
}

} // namespace squall::host
