#include "api/key_ring.h"

#include "squall/base/text.h"
#include "squall/wire/arn.h"

#include <algorithm>

namespace squall::lab {
namespace {

std::string upper_id(const std::string& prefix, std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](char c) {
        return static_cast<char>(c >= 'a' ? c - 'a' + 'A' : c);
    });
    return prefix + text;
}

} // namespace

std::string KeyRing::unique_id(const std::string& prefix, std::string_view arn) {
    return upper_id(prefix, sha256_hex(arn).substr(0, 17));
}

const AccessKey& KeyRing::add_user(const std::string& user_name, WallTime now) {
    const std::string arn = fmt::format("arn:aws:iam::{}:user/{}", account_, user_name);
    return add_user_key({arn, unique_id("AIDA", arn)}, now);
}

const AccessKey& KeyRing::add_user_key(const Principal& user, WallTime now) {
    return add({{upper_id("AKIA", random_hex(16)), random_hex(40), {}}, user, std::nullopt, now});
}

const AccessKey& KeyRing::add(AccessKey key) {
    const std::string id = key.credentials.access_key_id;
    return keys_.insert_or_assign(id, std::move(key)).first->second;
}

AccessKey KeyRing::new_session(const std::string& role_arn,
                               const std::string& session_name,
                               WallTime now,
                               Seconds lifetime) {
    if (keys_.size() >= keys_max) forget_expired(now);
    const auto role = wire::parse_arn(role_arn);
    const std::string role_name = role ? std::string(role->id()) : "unknown";
    return add(
        {{upper_id("ASIA", random_hex(16)), random_hex(40), "lab-session-" + random_hex(64)},
         {fmt::format("arn:aws:sts::{}:assumed-role/{}/{}", account_, role_name, session_name),
          fmt::format("{}:{}", unique_id("AROA", role_arn), session_name)},
         now + lifetime,
         now});
}

const AccessKey* KeyRing::find(std::string_view access_key_id) const {
    const auto found = keys_.find(access_key_id);
    return found == keys_.end() ? nullptr : &found->second;
}

std::vector<const AccessKey*> KeyRing::keys_of(std::string_view user_arn) const {
    std::vector<const AccessKey*> found;
    for (const auto& [id, key] : keys_) {
        if (!key.expires && key.principal.arn == user_arn) found.push_back(&key);
    }
    return found;
}

bool KeyRing::remove(std::string_view access_key_id) {
    const auto found = keys_.find(access_key_id);
    if (found == keys_.end()) return false;
    keys_.erase(found);
    return true;
}

bool KeyRing::set_active(std::string_view access_key_id, bool is_active) {
    const auto found = keys_.find(access_key_id);
    if (found == keys_.end()) return false;
    found->second.is_active = is_active;
    return true;
}

std::size_t KeyRing::expire_sessions(std::string_view role_name, WallTime now) {
    const std::string sessions =
        fmt::format("arn:aws:sts::{}:assumed-role/{}/", account_, role_name);
    std::size_t count = 0;
    for (auto& [id, key] : keys_) {
        if (!key.expires || *key.expires < now || !key.principal.arn.starts_with(sessions))
            continue;
        key.expires = now - Seconds(1);
        ++count;
    }
    return count;
}

void KeyRing::forget_expired(WallTime now) {
    std::erase_if(keys_, [&](const auto& entry) {
        return entry.second.expires && *entry.second.expires < now;
    });
}

} // namespace squall::lab
