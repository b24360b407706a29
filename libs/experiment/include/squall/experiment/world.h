// What an experiment reaches outside its own process: AWS, and time.
#pragma once

#include "squall/aws/cloudwatch.h"
#include "squall/aws/ecs.h"
#include "squall/aws/events.h"
#include "squall/aws/ssm.h"
#include "squall/aws/sts.h"
#include "squall/base/clock.h"
#include "squall/base/file.h"
#include "squall/experiment/canary.h"
#include "squall/wire/http_message.h"

#include <cstdint>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

namespace squall::experiment {

// The program that hosts run for faults that need one, as it lies beside this one.
struct HelperFile {
    std::string architecture; // x86_64, aarch64
    std::string sha256;
    Path file;
};

// References outlive the World. One thread.
struct World {
    aws::Ecs& ecs;
    aws::Ssm& ssm;
    aws::Sts& sts;
    aws::CloudWatch& cloudwatch;
    aws::Events& events;
    Clock& clock;
    std::string region;
    std::string endpoint; // of ECS, as an origin: tells one world from another
    // Requests sent so far, by "service:Operation".
    std::function<std::map<std::string, std::uint64_t>()> call_counts;
    std::vector<HelperFile> helpers;
    // A URL that anybody can get this object of S3 by, for so long. Empty where there is no S3.
    std::function<Result<std::string>(const std::string& bucket,
                                      const std::string& key,
                                      Seconds valid,
                                      Deadline,
                                      std::stop_token)>
        presign;
    // Whether this object of S3 is there. Empty where there is no S3.
    std::function<aws::Outcome<bool>(
        const std::string& bucket, const std::string& key, Deadline, std::stop_token)>
        has_object;
    CanaryAsker* canary = nullptr; // null where nobody can ask
    // To a server that is none of AWS's, such as a monitor. Empty where nobody can ask.
    std::function<Result<wire::HttpResponse>(
        const wire::Url& server, const wire::HttpRequest& request, Deadline, std::stop_token)>
        send_http;
};

} // namespace squall::experiment
