// The bootstrap of the monitor's function in AWS Lambda. deploy/monitor has the template.
#include "function_settings.h"
#include "monitor_function.h"
#include "squall/aws/session.h"
#include "squall/base/log.h"
#include "squall/lambda/runtime.h"

#include <random>

namespace squall::app {
namespace {

constexpr Seconds open_limit{9}; // Lambda gives ten for a beginning

Result<std::unique_ptr<aws::Session>> open_session(const aws::Environment& environment,
                                                   Clock& clock) {
    aws::SessionOptions options;
    options.environment = environment;
    options.role_session = "squall-monitor";
    options.seed = std::random_device{}();
    return aws::Session::open(std::move(options), clock, Deadline::in(open_limit), {});
}

int run() {
    log::show_from(log::Level::info);
    const auto environment = aws::Environment::from_process();
    const auto address =
        lambda::Runtime::address_of(environment.get_or("AWS_LAMBDA_RUNTIME_API", ""));
    if (!address) {
        log::error("{}", address.error().message);
        return 64;
    }
    lambda::Runtime runtime(*address);
    SystemClock clock;
    const auto settings = FunctionSettings::read(environment);
    const auto session = open_session(environment, clock);
    if (!settings || !session) {
        (void)runtime.refuse_to_begin(settings ? session.error() : settings.error(), {});
        return 1;
    }
    MonitorFunction function(*settings, (*session)->client(), clock);
    const auto ended = runtime.run(
        [&](const lambda::Invocation& invocation) { return function.handle(invocation); }, {});
    if (!ended) log::error("{}", ended.error().message);
    return ended ? 0 : 1;
}

} // namespace
} // namespace squall::app

// Lambda gives it no arguments.
int main(int count, char** words) {
    if (count > 1 && std::string_view(words[1]) == "--version") {
        fmt::print("squall-lambda {}\n", SQUALL_VERSION);
        return 0;
    }
    return squall::app::run();
}
