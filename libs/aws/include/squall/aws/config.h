// AWS's shared config and credentials files, seen through one profile. A value, read once; load it
// again to see what changed. Files are read as botocore reads them; a file that is not there is
// empty, one that cannot be read or parsed is an error with file:line. No message shows a value.
#pragma once

#include "squall/aws/environment.h"
#include "squall/base/file.h"
#include "squall/base/result.h"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace squall::aws {

class SharedConfig {
public:
    static constexpr std::size_t file_size_max = 1U << 20U;

    // Files: AWS_CONFIG_FILE, else ~/.aws/config; AWS_SHARED_CREDENTIALS_FILE, else
    // ~/.aws/credentials. Profile: `profile` where given, else AWS_PROFILE, else
    // AWS_DEFAULT_PROFILE, else "default". The two variables naming different profiles is an error:
    // AWS's own tools disagree about which one wins, and so about whose cluster is meant.
    // With `only_file` that credentials file is all there is: it must be there, and the config file
    // is not read.
    [[nodiscard]] static Result<SharedConfig>
    load(const Environment& environment, std::string_view profile = {}, const Path& only_file = {});

    // The same files through another profile; an error where they have none of that name.
    // `named_by` says who asked for it: "source_profile of profile 'prod'".
    [[nodiscard]] Result<SharedConfig> through(std::string_view profile,
                                               std::string_view named_by) const;

    [[nodiscard]] const std::string& profile() const { return profile_; }

    // Empty where there is no home directory to look in, or where it is not to be read.
    [[nodiscard]] const Path& config_file() const { return config_file_; }

    [[nodiscard]] const Path& credentials_file() const { return credentials_file_; }

    // A setting of the profile, wherever it stands; the credentials file wins.
    [[nodiscard]] std::optional<std::string> get(std::string_view key) const;
    [[nodiscard]] std::optional<std::string> get_from_config(std::string_view key) const;
    [[nodiscard]] std::optional<std::string> get_from_credentials(std::string_view key) const;
    // "true" in any case.
    [[nodiscard]] bool is_true(std::string_view key) const;

    // `key` in the block of `service` (ecs, ssm, …) of the [services NAME] section that the
    // profile's "services" names; an error when that section is not there.
    [[nodiscard]] Result<std::optional<std::string>> get_for_service(std::string_view service,
                                                                     std::string_view key) const;

    // `key` for single sign-on: of the [sso-session NAME] section that the profile's sso_session
    // names, else of the profile. An error when that section is not there, or when both have the
    // key and say different things.
    [[nodiscard]] Result<std::optional<std::string>> get_for_sso(std::string_view key) const;

private:
    using Settings = std::map<std::string, std::string, std::less<>>;
    using Blocks = std::map<std::string, Settings, std::less<>>; // by service
    template <class T>
    using ByName = std::map<std::string, T, std::less<>>;

    Result<void> read_files(bool must_be_there);
    [[nodiscard]] bool has_profile(std::string_view name) const;
    [[nodiscard]] Error no_such_profile(std::string_view name, std::string_view named_by) const;

    std::string profile_;
    Path config_file_;
    Path credentials_file_;
    ByName<Settings> in_config_;      // by profile
    ByName<Settings> in_credentials_; // by profile
    ByName<Blocks> services_;         // by section name
    ByName<Settings> sso_sessions_;   // by section name
};

} // namespace squall::aws
