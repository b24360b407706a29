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
    [[nodiscard]] static Result<SharedConfig> load(const Environment& environment,
                                                   std::string_view profile = {});

    [[nodiscard]] const std::string& profile() const { return profile_; }

    // Empty where there is no home directory to look in.
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

private:
    using Settings = std::map<std::string, std::string, std::less<>>;
    using Blocks = std::map<std::string, Settings, std::less<>>; // by service

    std::string profile_;
    Path config_file_;
    Path credentials_file_;
    Settings from_config_;
    Settings from_credentials_;
    std::map<std::string, Blocks, std::less<>> services_; // by section name
};

} // namespace squall::aws
