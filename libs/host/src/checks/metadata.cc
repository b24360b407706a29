// The instance metadata service, and the role that it gives.
#include "checks/checks.h"
#include "checks/firewall.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

namespace squall::host {
namespace {

constexpr int ok = 200;
constexpr int unauthorized = 401;
constexpr int forbidden = 403;
constexpr int not_found = 404;

constexpr const char* how = "curl -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "
                            "http://169.254.169.254/latest/api/token";

bool is_external(Facts& facts, Deadline deadline) {
    const auto* config = facts.config(deadline);
    return config != nullptr && config->is_true("ECS_EXTERNAL");
}

Evidence asked_token(const MetadataView& view) {
    return evidence(fmt::format("PUT {}/latest/api/token", view.url), outcome_text(view.token));
}

// An agent that has registered knows its region. One that has not ends without, before it needs
// anything else of the metadata.
bool lacks_region(Facts& facts, Deadline deadline) {
    const auto* config = facts.config(deadline);
    // Whose settings are not there to be read may have its region from elsewhere.
    if (config == nullptr || !config->unreadable.empty() || config->files.empty()) return false;
    if (!config->get("AWS_DEFAULT_REGION").empty()) return false;
    const auto* introspection = facts.introspection(deadline);
    return introspection != nullptr && introspection->arn.empty();
}

Look no_region(Sign unreached) {
    unreached.cause = "REGION_MISSING";
    unreached.summary = "AWS_DEFAULT_REGION is not set, and nothing else tells the agent its "
                        "region: "
                        + unreached.summary;
    unreached.evidence.push_back(evidence("/etc/ecs/ecs.config", "AWS_DEFAULT_REGION is not set"));
    // With the region alone it gets no keys of a role.
    unreached.remedy.emplace_back(
        "AWS_DEFAULT_REGION in /etc/ecs/ecs.config, where the metadata is to stay out of reach and "
        "the agent has keys of its own");
    return finding(std::move(unreached));
}

Look no_token(Facts& facts, const MetadataView& view, Deadline deadline) {
    std::vector<std::string> remedy;
    std::string summary;
    if (view.token.answer) {
        const int status = view.token.answer->status;
        summary = fmt::format("instance metadata gives no token: HTTP {}", status);
        if (status == forbidden) {
            summary += " (it is switched off for this instance, or a proxy asks for us)";
            remedy = {"aws ec2 modify-instance-metadata-options --http-endpoint enabled "
                      "--instance-id {instance}"};
        }
        if (status == not_found) summary += " (it does not know version 2, or is not EC2's own)";
    } else {
        summary = fmt::format(
            "instance metadata at {} is not reached: {}", view.url, outcome_text(view.token));
        remedy = {"ip route get 169.254.169.254"};
    }
    Sign silent = sign("IMDS_UNREACHABLE",
                       Certainty::certain,
                       std::move(summary),
                       {asked_token(view)},
                       std::move(remedy));
    tell_rules(firewall_rules(facts, unreached(view), deadline), silent);
    return lacks_region(facts, deadline) ? no_region(std::move(silent))
                                         : finding(std::move(silent));
}

Look no_role(const MetadataView& view) {
    return finding(
        sign("IAM_NO_CREDS",
             Certainty::certain,
             "this instance has no role: no instance profile is attached",
             {evidence(fmt::format("GET {}/latest/meta-data/iam/security-credentials/", view.url),
                       outcome_text(view.role))},
             {"aws ec2 associate-iam-instance-profile --instance-id {instance} "
              "--iam-instance-profile Name=ecsInstanceRole"}));
}

std::string code_of(const Probed& probed) {
    if (!has_status(probed, ok)) return {};
    const auto body = json::parse_object(probed.answer->body);
    return body ? std::string(json::string_at(*body, "Code")) : std::string();
}

// A role that EC2 may not take, or whose profile is gone, gives none; whatever else is said comes
// with keys that are too old.
std::string cause_of(const std::string& code) {
    return code == "AssumeRoleUnauthorizedAccess" || code.find("NotFound") != std::string::npos
               ? "IAM_NO_CREDS"
               : "IAM_EXPIRED";
}

Look not_success(const MetadataView& view, const char* path, const std::string& code) {
    return finding(
        sign(cause_of(code),
             Certainty::certain,
             fmt::format("instance metadata says {} of the role {}", code, view.role_name),
             {evidence(fmt::format("GET {}/latest/meta-data/iam/{}", view.url, path),
                       fmt::format("Code {}", code))}));
}

Look look_at_keys(const Facts& facts, const MetadataView& view) {
    const auto body = json::parse_object(view.keys.answer->body);
    const auto expires =
        body ? parse_time(json::string_at(*body, "Expiration")) : fail(Errc::not_found, "none");
    if (!expires) return healthy(fmt::format("role {}; its keys say no end", view.role_name));
    const WallTime now = facts.ground().now();
    const std::string end = rfc3339_seconds(*expires);
    if (*expires > now)
        return healthy(fmt::format("role {}, whose keys are good until {}", view.role_name, end));
    return finding(sign("IAM_EXPIRED",
                        Certainty::likely,
                        fmt::format("the keys of role {} have expired at {}, and this host's clock "
                                    "says {}",
                                    view.role_name,
                                    end,
                                    rfc3339_seconds(now)),
                        {evidence(fmt::format("GET {}/latest/meta-data/iam/security-credentials/{}",
                                              view.url,
                                              view.role_name),
                                  "Expiration " + end)}));
}

Look look_at_document(const MetadataView& view) {
    if (has_status(view.document, unauthorized))
        return finding(sign(
            "IMDS_UNREACHABLE",
            Certainty::certain,
            "instance metadata does not take the token that it has just given",
            {asked_token(view),
             evidence("GET dynamic/instance-identity/document", outcome_text(view.document))}));
    if (view.instance_id.empty())
        return finding(sign(
            "IMDS_UNREACHABLE",
            Certainty::likely,
            "instance metadata does not say which instance this is",
            {evidence("GET dynamic/instance-identity/document", outcome_text(view.document))}));
    return healthy(fmt::format("instance {} in {}, answered within {} ms",
                               view.instance_id,
                               view.region,
                               std::max<Millis::rep>(1, view.token.total.count())));
}

// An agent registers the instance that it runs on, with ECS of that instance's region. One that is
// registered elsewhere all the same knows better.
std::optional<Sign> region_mismatch(Facts& facts, const MetadataView& view, Deadline deadline) {
    const auto* config = facts.config(deadline);
    const ConfigLine* line = config == nullptr ? nullptr : config->find("AWS_DEFAULT_REGION");
    if (line == nullptr || line->value.empty() || view.region.empty() || line->value == view.region)
        return std::nullopt;
    const auto* introspection = facts.introspection(deadline);
    if (introspection != nullptr && !introspection->arn.empty()) return std::nullopt;
    auto found = sign(
        "REGION_MISMATCH",
        Certainty::likely,
        fmt::format("AWS_DEFAULT_REGION is {}, and this instance is in {}{}",
                    line->value,
                    view.region,
                    line->value.starts_with(view.region) ? ": that is the name of a zone" : ""),
        {evidence(line->place, line->name + "=" + line->value),
         evidence(view.url, "placement/region " + view.region)},
        {fmt::format("AWS_DEFAULT_REGION={} in /etc/ecs/ecs.config; then `sudo systemctl restart "
                     "ecs`",
                     view.region)});
    found.instead_of = 1;
    return found;
}

// As cloud-init wrote it down at the first boot, when the metadata service answered.
std::string cloud_inits_instance(const Facts& facts) {
    constexpr std::size_t id_max = 64;
    const auto text = read_file(facts.path("/var/lib/cloud/data/instance-id"), id_max);
    const std::string id(trimmed(text.value_or("")));
    return id.starts_with("i-") ? id : std::string();
}

} // namespace

Look check_metadata(Facts& facts, Deadline deadline) {
    if (is_external(facts, deadline))
        return not_here("ECS_EXTERNAL is set: this host has no instance metadata");
    const auto* view = facts.metadata(deadline);
    if (view == nullptr) return could_not_look("not asked in time", how);
    Look look =
        has_status(view->token, ok) ? look_at_document(*view) : no_token(facts, *view, deadline);
    if (auto mismatch = region_mismatch(facts, *view, deadline);
        mismatch && look.state == Look::State::healthy)
        look = finding(std::move(*mismatch));
    look.names.region = view->region;
    look.names.account = view->account;
    look.names.instance =
        view->instance_id.empty() ? cloud_inits_instance(facts) : view->instance_id;
    look.names.role = view->role_name;
    return look;
}

Look check_role(Facts& facts, Deadline deadline) {
    if (is_external(facts, deadline))
        return not_here("ECS_EXTERNAL is set: the SSM agent keeps this host's keys");
    const auto* view = facts.metadata(deadline);
    if (view == nullptr || !view->role.answer)
        return could_not_look("instance metadata does not answer", how);
    if (const std::string code = code_of(view->profile); !code.empty() && code != "Success")
        return not_success(*view, "info", code);
    if (has_status(view->role, not_found) || view->role_name.empty()) return no_role(*view);
    if (!has_status(view->keys, ok))
        return finding(
            sign("IAM_NO_CREDS",
                 Certainty::likely,
                 fmt::format("instance metadata gives no keys of role {}", view->role_name),
                 {evidence("GET iam/security-credentials/" + view->role_name,
                           outcome_text(view->keys))}));
    if (const std::string code = code_of(view->keys); !code.empty() && code != "Success")
        return not_success(*view, "security-credentials/", code);
    return look_at_keys(facts, *view);
}

} // namespace squall::host
