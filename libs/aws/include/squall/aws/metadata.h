// The EC2 instance metadata service, version 2 only: a session token first, then GETs with it. On a
// machine that is no EC2 instance every question ends, after a few seconds, with "no answer".
#pragma once

#include "squall/aws/config.h"
#include "squall/aws/environment.h"
#include "squall/aws/http_sender.h"
#include "squall/base/clock.h"

#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace squall::aws {

// May be used from several threads at once.
class MetadataClient {
public:
    // botocore's figure for one try. There are two: an instance that has just started may be late.
    static constexpr Seconds try_timeout{1};
    static constexpr int tries_max = 2;
    static constexpr Seconds token_lifetime{21600}; // the longest the service gives

    // `direct` must not use proxies. Address: AWS_EC2_METADATA_SERVICE_ENDPOINT, else the profile's
    // ec2_metadata_service_endpoint, else the IPv6 one when AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE
    // says IPv6, else http://169.254.169.254. AWS_EC2_METADATA_DISABLED=true refuses everything.
    MetadataClient(HttpSender& direct,
                   Clock& clock,
                   const Environment& environment,
                   const SharedConfig& config);

    // The text at /latest/meta-data/PATH. Errors: refused (switched off), not_found (no such item),
    // unavailable (nobody answers: this is no instance, or a container that the hop limit keeps
    // out), interrupted, invalid_input (an address that is none).
    [[nodiscard]] Result<std::string>
    get(std::string_view path, Deadline deadline, const std::stop_token& stop);

private:
    Result<std::string> token(Deadline deadline, const std::stop_token& stop);
    void forget(const std::string& refused_token);
    Result<wire::HttpResponse>
    ask(const wire::HttpRequest& request, Deadline deadline, const std::stop_token& stop);

    HttpSender& direct_;
    Clock& clock_;
    std::string address_;
    bool disabled_ = false;
    std::mutex mutex_; // guards what follows
    std::string token_;
    SteadyTime token_until_;
};

} // namespace squall::aws
