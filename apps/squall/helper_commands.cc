#include "helper_commands.h"

#include "experiment_choice.h"
#include "helper_files.h"
#include "output.h"
#include "session_world.h"
#include "signals.h"
#include "squall/base/text.h"

#include <algorithm>

namespace squall::app {
namespace {

constexpr Seconds publish_limit{300};

std::string key_of(const HelperPublishCommand& command, const experiment::HelperFile& helper) {
    const bool has_slash = command.prefix.empty() || command.prefix.ends_with('/');
    return fmt::format("{}{}{}/squall-host", command.prefix, has_slash ? "" : "/", helper.sha256);
}

// True where it was sent, false where it was there already.
Result<bool> publish(const HelperPublishCommand& command,
                     const experiment::HelperFile& helper,
                     aws::S3& s3,
                     const std::stop_token& stop) {
    const aws::S3Object object{command.bucket, key_of(command, helper)};
    const Deadline deadline = Deadline::in(publish_limit);
    const auto is_there = s3.has_object(object, deadline, stop);
    // Who may not list a bucket is refused what is not there: sending it tells more.
    if (!is_there && is_there.error().kind != Errc::denied)
        return fail(aws::to_error(is_there.error()));
    if (is_there && *is_there) return false;
    auto program = read_file(helper.file, helper_size_max);
    if (!program) return fail(program.error());
    if (sha256_hex(*program) != helper.sha256)
        return fail(Errc::failed, "{} changes under our hands: try again", helper.file.string());
    if (auto put = s3.put_object(object, std::move(*program), deadline, stop); !put)
        return fail(aws::to_error(put.error()));
    return true;
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
bool is_bucket_name(const std::string& name) {
    const auto is_alphanumeric = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    };
    return name.size() >= 3 && name.size() <= 63 && is_alphanumeric(name.front())
           && is_alphanumeric(name.back()) && std::all_of(name.begin(), name.end(), [&](char c) {
                  return is_alphanumeric(c) || c == '-' || c == '.';
              });
}

} // namespace

int run_command(const HelperPublishCommand& command) {
    if (!is_bucket_name(command.bucket))
        return tell(Error{Errc::invalid_input,
                          "--bucket is no bucket's name: 3 to 63 lower-case letters, digits, - and "
                          ". with a letter or a digit at each end"});
    const auto helpers = helpers_beside_squall();
    if (helpers.empty())
        return tell(Error{Errc::not_found,
                          "there is no squall-host beside squall (squall-host, squall-host-x86_64, "
                          "squall-host-aarch64): put it there"});
    const SignalStops signals;
    auto session = SessionWorld::open(
        {command.region, command.role_arn, ""}, "squall-publish", signals.first());
    if (!session) return tell(session.error());
    Output output;
    for (const auto& helper : helpers) {
        const auto sent = publish(command, helper, (*session)->s3(), signals.first());
        if (!sent) return tell(sent.error());
        const std::string place =
            fmt::format("s3://{}/{}", command.bucket, key_of(command, helper));
        if (command.json)
            output.line(json::text(json::Object{{"architecture", helper.architecture},
                                                {"sha256", helper.sha256},
                                                {"place", place},
                                                {"sent", *sent}}));
        else
            output.line(fmt::format(
                "{:<8} {} {}", helper.architecture, *sent ? "sent to" : "is at", place));
    }
    return 0;
}

} // namespace squall::app
