#include "ec2/imds.h"

#include "squall/base/text.h"
#include "squall/base/time_text.h"

namespace squall::lab::ec2 {
namespace {

wire::HttpResponse plain(int status, std::string body) {
    return {status, {{"Content-Type", "text/plain"}, {"Server", "EC2ws"}}, std::move(body)};
}

std::string
identity_document(const Instance& instance, const std::string& account, const std::string& region) {
    return json::text(json::Object{{"accountId", account},
                                   {"architecture", "x86_64"},
                                   {"availabilityZone", instance.availability_zone},
                                   {"imageId", instance.image_id},
                                   {"instanceId", instance.id},
                                   {"instanceType", instance.type},
                                   {"pendingTime", rfc3339_seconds(instance.launched_at)},
                                   {"privateIp", instance.private_ip},
                                   {"region", region},
                                   {"version", "2017-09-30"}});
}

// Only who is to be interrupted has these.
std::optional<std::string> spot_document(const Instance& instance, std::string_view leaf) {
    if (!instance.interrupted_at) return std::nullopt;
    const std::string time = rfc3339_seconds(*instance.interrupted_at);
    if (leaf == "instance-action")
        return json::text(json::Object{{"action", "terminate"}, {"time", time}});
    if (leaf == "termination-time") return time;
    return std::nullopt;
}

} // namespace

wire::HttpResponse MetadataService::new_token(const wire::HttpRequest& request, WallTime now) {
    // Such a request came through a proxy: the way by which open proxies gave credentials away.
    if (!wire::header_value(request.headers, "X-Forwarded-For").empty()) return plain(403, "");
    const auto ttl =
        to_integer(wire::header_value(request.headers, "X-aws-ec2-metadata-token-ttl-seconds"));
    if (!ttl || *ttl < 1 || Seconds(*ttl) > token_ttl_max) return plain(400, "");
    std::erase_if(tokens_, [&](const auto& entry) { return entry.second < now; });
    if (tokens_.size() >= tokens_max) tokens_.erase(tokens_.begin());
    const std::string token = "AQAE" + random_hex(52) + "==";
    tokens_[token] = now + Seconds(*ttl);
    auto response = plain(200, token);
    response.headers.push_back({"X-aws-ec2-metadata-token-ttl-seconds", std::to_string(*ttl)});
    return response;
}

void MetadataService::renew_keys(const Instance& instance, WallTime now) {
    // The key ring knows best until when they are good: they may have been made to expire.
    const AccessKey* known = role_key_ ? keys_.find(role_key_->credentials.access_key_id) : nullptr;
    const bool are_good = known != nullptr && *known->expires - now >= std::chrono::hours(1);
    if (key_role_ == instance.role && role_key_
        && (instance.has_stale_keys ? *role_key_->expires < now : are_good))
        return;
    key_role_ = instance.role;
    role_key_ =
        keys_.new_session(fmt::format("arn:aws:iam::{}:role/{}", keys_.account(), instance.role),
                          instance.id,
                          instance.has_stale_keys ? now - credentials_lifetime - stale_for : now,
                          credentials_lifetime);
}

std::string MetadataService::credentials(const Instance& instance, WallTime now) {
    renew_keys(instance, now);
    const auto& key = role_key_->credentials;
    return json::text(
        json::Object{{"Code", "Success"},
                     {"LastUpdated", rfc3339_seconds(*role_key_->expires - credentials_lifetime)},
                     {"Type", "AWS-HMAC"},
                     {"AccessKeyId", key.access_key_id},
                     {"SecretAccessKey", key.secret_access_key},
                     {"Token", key.session_token},
                     {"Expiration", rfc3339_seconds(*role_key_->expires)}});
}

std::optional<std::string>
MetadataService::role_document(const Instance& instance, std::string_view leaf, WallTime now) {
    if (instance.role.empty()) return std::nullopt;
    if (leaf == "") return "info\nsecurity-credentials/";
    if (leaf == "info")
        return json::text(json::Object{
            {"Code", "Success"},
            {"LastUpdated", rfc3339_seconds(instance.launched_at)},
            {"InstanceProfileArn",
             fmt::format("arn:aws:iam::{}:instance-profile/{}", keys_.account(), instance.role)},
            {"InstanceProfileId", KeyRing::unique_id("AIPA", instance.role)}});
    if (leaf == "security-credentials" || leaf == "security-credentials/") return instance.role;
    if (leaf == "security-credentials/" + instance.role) return credentials(instance, now);
    return std::nullopt;
}

std::optional<std::string>
MetadataService::document(const Instance& instance, std::string_view path, WallTime now) {
    if (!path.starts_with("/latest/")) return std::nullopt;
    path.remove_prefix(8);
    if (path == "dynamic/instance-identity/document")
        return identity_document(instance, keys_.account(), region_);
    // No agent checks the signature; a control plane could not either without AWS's keys.
    if (path == "dynamic/instance-identity/signature")
        return to_base64("squall lab: not a signature of AWS");
    if (!path.starts_with("meta-data/")) return std::nullopt;
    path.remove_prefix(10);
    const std::string interface = "network/interfaces/macs/" + instance.mac + "/";
    if (path.starts_with(interface)) {
        const std::string_view leaf = path.substr(interface.size());
        if (leaf == "vpc-id") return instance.vpc_id;
        if (leaf == "subnet-id") return instance.subnet_id;
        if (leaf == "local-ipv4s") return instance.private_ip;
        return std::nullopt;
    }
    if (path.starts_with("iam/")) return role_document(instance, path.substr(4), now);
    if (path.starts_with("spot/")) return spot_document(instance, path.substr(5));
    const std::map<std::string_view, std::string> leaves{
        {"",
         std::string("ami-id\nhostname\n") + (instance.role.empty() ? "" : "iam/\n")
             + "instance-id\ninstance-type\nlocal-hostname\nlocal-ipv4\nmac\nnetwork/\nplacement/"
               "\n"},
        {"instance-id", instance.id},
        {"instance-type", instance.type},
        {"ami-id", instance.image_id},
        {"mac", instance.mac},
        {"local-ipv4", instance.private_ip},
        {"hostname", "ip-" + replace_all(instance.private_ip, ".", "-") + ".ec2.internal"},
        {"local-hostname", "ip-" + replace_all(instance.private_ip, ".", "-") + ".ec2.internal"},
        {"network/interfaces/macs/", instance.mac + "/"},
        {"placement/availability-zone", instance.availability_zone},
        {"placement/region", region_},
        // The agent asks for this five times, more than six seconds long, where it is absent.
        {"placement/availability-zone-id",
         "use1-az" + std::to_string(instance.availability_zone.back() - 'a' + 1)},
        {"services/domain", "amazonaws.com"},
        {"services/partition", "aws"},
    };
    const auto leaf = leaves.find(path);
    return leaf == leaves.end() ? std::nullopt : std::optional(leaf->second);
}

wire::HttpResponse
MetadataService::answer(const Instance& instance, const wire::HttpRequest& request, WallTime now) {
    // Disabled, it refuses: nothing says whether the token, or the path, is any good.
    if (!instance.has_metadata) return plain(403, "");
    const std::string_view path = split_once(request.target, '?').first;
    if (path == "/latest/api/token")
        return request.method == "PUT" ? new_token(request, now) : plain(405, "");
    if (request.method != "GET") return plain(405, "");
    const auto token =
        tokens_.find(wire::header_value(request.headers, "X-aws-ec2-metadata-token"));
    if (token == tokens_.end() || token->second < now) return plain(401, "");
    auto found = document(instance, path, now);
    return found ? plain(200, std::move(*found)) : plain(404, "");
}

} // namespace squall::lab::ec2
