#include "api/key_ring.h"

#include "squall/base/text.h"
#include "squall/wire/arn.h"

#include <algorithm>

namespace squall::lab {
namespace {

std::string upper_id(const std::string& prefix, std::size_t length) {
    std::string text = random_hex(length);
    std::transform(text.begin(), text.end(), text.begin(), [](char c) {
        return static_cast<char>(c >= 'a' ? c - 'a' + 'A' : c);
    });
    return prefix + text;
}

} // namespace

const AccessKey& KeyRing::add_user(const std::string& user_name) {
    return add({{upper_id("AKIA", 16), random_hex(40), {}},
                {fmt::format("arn:aws:iam::{}:user/{}", account_, user_name), upper_id("AIDA", 17)},
                std::nullopt});
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
        {{upper_id("ASIA", 16), random_hex(40), "lab-session-" + random_hex(64)},
         {fmt::format("arn:aws:sts::{}:assumed-role/{}/{}", account_, role_name, session_name),
          fmt::format("{}:{}", upper_id("AROA", 17), session_name)},
         now + lifetime});
}

const AccessKey* KeyRing::find(std::string_view access_key_id) const {
    const auto found = keys_.find(access_key_id);
    return found == keys_.end() ? nullptr : &found->second;
}

void KeyRing::forget_expired(WallTime now) {
    std::erase_if(keys_, [&](const auto& entry) {
        return entry.second.expires && *entry.second.expires < now;
    });
}

} // namespace squall::lab
