#include "squall/aws/config.h"

#include "ini.h"
#include "squall/base/text.h"

#include <vector>

namespace squall::aws {
namespace {

struct ProfileName {
    std::string name = "default";
    std::string named_by; // empty: nobody asked for it
};

Result<ProfileName> profile_name(const Environment& environment, std::string_view given) {
    if (!given.empty()) return ProfileName{std::string(given), "the command"};
    const auto first = environment.get("AWS_PROFILE");
    const auto second = environment.get("AWS_DEFAULT_PROFILE");
    if (first && second && *first != *second) {
        return fail(Errc::invalid_input,
                    "AWS_PROFILE says '{}' and AWS_DEFAULT_PROFILE says '{}': AWS's tools disagree "
                    "about which one wins; unset one of them",
                    *first,
                    *second);
    }
    if (first) return ProfileName{*first, "AWS_PROFILE"};
    if (second) return ProfileName{*second, "AWS_DEFAULT_PROFILE"};
    return ProfileName{};
}

Path file_path(const Environment& environment, std::string_view variable, const char* name) {
    const auto home = environment.get("HOME");
    const std::string given = environment.get_or(variable, "");
    if (given.starts_with("~/") && home) return Path(*home) / given.substr(2);
    if (!given.empty()) return given;
    return home ? Path(*home) / ".aws" / name : Path();
}

Result<IniFile> read_ini(const Path& path, bool must_be_there) {
    if (path.empty()) return IniFile{};
    const auto text = read_file(path, SharedConfig::file_size_max);
    if (!text && text.error().code == Errc::not_found && !must_be_there) return IniFile{};
    if (!text) return fail(text.error());
    return parse_ini(*text, path.string());
}

// "profile x", "profile 'my x'" and the like, split in two: the kind and the name. Nothing where it
// is not two words.
std::optional<std::pair<std::string, std::string>> two_words(std::string_view header) {
    const std::size_t blank = header.find_first_of(" \t");
    if (blank == std::string_view::npos) return std::nullopt;
    std::string_view rest = trimmed(header.substr(blank));
    const char quote = rest.empty() ? '\0' : rest.front();
    if (quote == '"' || quote == '\'') {
        if (rest.size() < 2 || rest.back() != quote) return std::nullopt;
        rest = rest.substr(1, rest.size() - 2);
    } else if (rest.find_first_of(" \t") != std::string_view::npos) {
        return std::nullopt;
    }
    return std::pair(std::string(header.substr(0, blank)), std::string(rest));
}

std::map<std::string, std::string, std::less<>> plain_settings(const IniSection& section) {
    std::map<std::string, std::string, std::less<>> settings;
    for (const auto& [key, option] : section) {
        if (option.block.empty()) settings.emplace(key, option.value);
    }
    return settings;
}

std::optional<std::string> found_in(const std::map<std::string, std::string, std::less<>>& settings,
                                    std::string_view key) {
    const auto found = settings.find(key);
    if (found == settings.end() || found->second.empty()) return std::nullopt;
    return found->second;
}

template <class Profiles>
std::optional<std::string>
found_in(const Profiles& profiles, const std::string& profile, std::string_view key) {
    const auto found = profiles.find(profile);
    return found == profiles.end() ? std::nullopt : found_in(found->second, key);
}

// Where other sections than profiles would be.
const Path& sections_file(const SharedConfig& config) {
    return config.config_file().empty() ? config.credentials_file() : config.config_file();
}

} // namespace

Result<SharedConfig> SharedConfig::load(const Environment& environment,
                                        std::string_view profile,
                                        const Path& only_file) {
    const auto wanted = profile_name(environment, profile);
    if (!wanted) return fail(wanted.error());
    SharedConfig config;
    config.profile_ = wanted->name;
    if (only_file.empty()) {
        config.config_file_ = file_path(environment, "AWS_CONFIG_FILE", "config");
        config.credentials_file_ =
            file_path(environment, "AWS_SHARED_CREDENTIALS_FILE", "credentials");
    } else {
        config.credentials_file_ = only_file;
    }
    if (auto read = config.read_files(!only_file.empty()); !read) return fail(read.error());
    if (!config.has_profile(wanted->name) && !wanted->named_by.empty())
        return fail(config.no_such_profile(wanted->name, wanted->named_by));
    return config;
}

Result<void> SharedConfig::read_files(bool must_be_there) {
    const auto config_ini = read_ini(config_file_, /*must_be_there=*/false);
    if (!config_ini) return fail(config_ini.error());
    const auto credentials_ini = read_ini(credentials_file_, must_be_there);
    if (!credentials_ini) return fail(credentials_ini.error());
    for (const auto& [header, section] : config_ini->sections) {
        const auto words = two_words(header);
        if (header == "default") in_config_[header] = plain_settings(section);
        if (!words) continue;
        if (words->first == "profile")
            in_config_[words->second] = plain_settings(section);
        else if (words->first == "sso-session")
            sso_sessions_[words->second] = plain_settings(section);
        else if (words->first == "services")
            for (const auto& [service, option] : section)
                services_[words->second][service] = {option.block.begin(), option.block.end()};
    }
    for (const auto& [name, section] : credentials_ini->sections)
        in_credentials_[name] = plain_settings(section);
    return {};
}

Result<SharedConfig> SharedConfig::through(std::string_view profile,
                                           std::string_view named_by) const {
    if (!has_profile(profile)) return fail(no_such_profile(profile, named_by));
    SharedConfig other = *this;
    other.profile_ = profile;
    return other;
}

bool SharedConfig::has_profile(std::string_view name) const {
    return in_config_.contains(name) || in_credentials_.contains(name);
}

Error SharedConfig::no_such_profile(std::string_view name, std::string_view named_by) const {
    std::vector<std::string> known;
    for (const auto& [profile, settings] : in_config_)
        known.push_back(profile);
    for (const auto& [profile, settings] : in_credentials_) {
        if (!in_config_.contains(profile)) known.push_back(profile);
    }
    const std::string where = config_file_.empty() ? "not in " + credentials_file_.string()
                                                   : fmt::format("neither in {} nor in {}",
                                                                 config_file_.string(),
                                                                 credentials_file_.string());
    std::string text = fmt::format("the profile '{}' that {} names is {}", name, named_by, where);
    if (const auto near = nearest(name, known))
        text += fmt::format("; did you mean '{}'?", *near);
    else if (!known.empty())
        text += "; there are: " + join(known, ", ");
    return {Errc::invalid_input, std::move(text)};
}

std::optional<std::string> SharedConfig::get_from_config(std::string_view key) const {
    return found_in(in_config_, profile_, key);
}

std::optional<std::string> SharedConfig::get_from_credentials(std::string_view key) const {
    return found_in(in_credentials_, profile_, key);
}

std::optional<std::string> SharedConfig::get(std::string_view key) const {
    auto value = get_from_credentials(key);
    return value ? value : get_from_config(key);
}

bool SharedConfig::is_true(std::string_view key) const {
    return equal_ignoring_case(get(key).value_or(""), "true");
}

Result<std::optional<std::string>> SharedConfig::get_for_service(std::string_view service,
                                                                 std::string_view key) const {
    const auto section = get("services");
    if (!section) return std::optional<std::string>();
    const auto found = services_.find(*section);
    if (found == services_.end()) {
        return fail(Errc::invalid_input,
                    "the profile '{}' says services = {}, but {} has no section [services {}]",
                    profile_,
                    *section,
                    sections_file(*this).string(),
                    *section);
    }
    const auto block = found->second.find(service);
    if (block == found->second.end()) return std::optional<std::string>();
    return found_in(block->second, key);
}

Result<std::optional<std::string>> SharedConfig::get_for_sso(std::string_view key) const {
    const auto session = get("sso_session");
    auto own = get(key);
    if (!session) return own;
    const auto found = sso_sessions_.find(*session);
    if (found == sso_sessions_.end()) {
        return fail(Errc::invalid_input,
                    "the profile '{}' says sso_session = {}, but {} has no section [sso-session "
                    "{}]",
                    profile_,
                    *session,
                    sections_file(*this).string(),
                    *session);
    }
    auto shared = found_in(found->second, key);
    if (own && shared && *own != *shared) {
        return fail(Errc::invalid_input,
                    "the profile '{}' and [sso-session {}] name different values of {}: leave it "
                    "out of the profile",
                    profile_,
                    *session,
                    key);
    }
    return shared ? shared : own;
}

} // namespace squall::aws
