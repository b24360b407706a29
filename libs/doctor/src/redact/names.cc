#include "redact/names.h"

#include "redact/spans.h"

#include <algorithm>
#include <array>
#include <string>

namespace squall::doctor {
namespace {

// SECRET_KEY, secretKey, secret-key and secret.key are the same. Of a long name, the end.
std::string without_signs(std::string_view name) {
    constexpr std::size_t name_max = 128;
    if (name.size() > name_max) name.remove_prefix(name.size() - name_max);
    std::string plain;
    plain.reserve(name.size());
    for (const char c : name) {
        if (is_upper(c))
            plain += static_cast<char>(c - 'A' + 'a');
        else if (is_lower(c) || is_digit(c))
            plain += c;
    }
    return plain;
}

template <std::size_t Size>
bool is_one_of(std::string_view word, const std::array<std::string_view, Size>& words) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

template <std::size_t Size>
bool has_one_of(std::string_view text, const std::array<std::string_view, Size>& words) {
    return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
        return text.find(word) != std::string_view::npos;
    });
}

template <std::size_t Size>
bool ends_with_one_of(std::string_view text, const std::array<std::string_view, Size>& words) {
    return std::any_of(
        words.begin(), words.end(), [&](std::string_view word) { return text.ends_with(word); });
}

} // namespace

NameKind kind_of_name(std::string_view name) {
    static constexpr std::array<std::string_view, 6> harmless{"pwd",
                                                              "oldpwd",
                                                              "secretsmanager",
                                                              "ecsalternatecredentialprofile",
                                                              "credentialspec",
                                                              "securitycredentials"};
    static constexpr std::array<std::string_view, 6> headers{"authorization",
                                                             "cookie",
                                                             "registryauth",
                                                             "securitytoken",
                                                             "metadatatoken",
                                                             "registryconfig"};
    static constexpr std::array<std::string_view, 4> passwords{
        "password", "passwd", "passphrase", "passcode"};
    static constexpr std::array<std::string_view, 10> secrets{"secret",
                                                              "token",
                                                              "credential",
                                                              "accesskey",
                                                              "apikey",
                                                              "privatekey",
                                                              "signature",
                                                              "authtoken",
                                                              "sessionkey",
                                                              "activationcode"};
    static constexpr std::array<std::string_view, 8> keys{"authkey",
                                                          "encryptionkey",
                                                          "signingkey",
                                                          "sharedkey",
                                                          "sshkey",
                                                          "masterkey",
                                                          "accountkey",
                                                          "licensekey"};
    static constexpr std::array<std::string_view, 6> joined{
        "dbpass", "userpass", "rootpass", "adminpass", "proxypass", "sqlpass"};
    const std::string plain = without_signs(name);
    if (is_one_of(plain, harmless) || plain.ends_with("seconds")) return NameKind::plain;
    // No word of another meaning ends so.
    if (plain.ends_with("pw") || plain.ends_with("pwd") || is_one_of(plain, joined))
        return NameKind::secret;
    if (plain.size() < 3) return NameKind::plain;
    if (plain.find("authdata") != std::string::npos || plain == "auths") return NameKind::document;
    if (has_one_of(plain, headers)) return NameKind::header;
    if (has_one_of(plain, passwords)) return NameKind::password;
    if (has_one_of(plain, secrets) || ends_with_one_of(plain, keys)) return NameKind::secret;
    // Short words are parts of others (compass, author): they count alone, or behind a sign.
    for (const std::string_view word : {"pass", "psk", "auth", "key", "creds"}) {
        if (!plain.ends_with(word)) continue;
        if (plain.size() == word.size()) return word == "key" ? NameKind::plain : NameKind::secret;
        const char before = name.size() > word.size() ? name[name.size() - word.size() - 1] : '_';
        if (!is_alphanumeric(before) && word != "key") return NameKind::secret;
    }
    return NameKind::plain;
}

bool is_key_of_environment(std::string_view name) {
    if (!name.ends_with("_KEY") && !name.ends_with("_PAT")) return false;
    const std::size_t last = name.find_last_of(".-");
    if (last != std::string_view::npos) name.remove_prefix(last + 1);
    return name.size() > 4 && std::all_of(name.begin(), name.end(), [](char c) {
               return is_upper(c) || is_digit(c) || c == '_';
           });
}

bool is_error_code(std::string_view name) {
    static constexpr std::array<std::string_view, 9> ends{"exception",
                                                          "error",
                                                          "failure",
                                                          "providers",
                                                          "tokenid",
                                                          "expiredtoken",
                                                          "invalidtoken",
                                                          "doesnotmatch",
                                                          "accesskeyidnotfound"};
    return ends_with_one_of(without_signs(name), ends);
}

bool is_said_of_passwords(std::string_view word) {
    static constexpr std::array<std::string_view, 23> words{
        "not", "required", "incorrect", "invalid", "wrong", "missing", "empty",  "expired",
        "set", "unset",    "correct",   "too",     "never", "used",    "stored", "being",
        "a",   "the",      "in",        "needed",  "blank", "unknown", "no"};
    while (!word.empty() && (word.back() == '.' || word.back() == ','))
        word.remove_suffix(1);
    return is_one_of(word, words);
}

bool is_harmless_value(std::string_view value) {
    static constexpr std::array<std::string_view, 16> harmless{"true",
                                                               "false",
                                                               "null",
                                                               "none",
                                                               "nil",
                                                               "<nil>",
                                                               "required",
                                                               "optional",
                                                               "enabled",
                                                               "disabled",
                                                               "True",
                                                               "False",
                                                               "None",
                                                               "yes",
                                                               "no",
                                                               "<none>"};
    return is_one_of(value, harmless);
}

} // namespace squall::doctor
