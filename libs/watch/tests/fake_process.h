// A process that talks to a fake AWS: its clock, its credentials, its client. Several may share one
// fake.
#pragma once

#include "squall/aws/client.h"
#include "squall/aws/traffic.h"
#include "standing_clock.h"

namespace squall::watch {

template <class ProcessClock = StandingClock>
struct FakeProcess {
    explicit FakeProcess(aws::HttpSender& fake)
        : client({fake, credentials, traffic, clock},
                 aws::Endpoints::resolve("us-east-1",
                                         aws::Environment(),
                                         aws::SharedConfig::load(aws::Environment()).value())
                     .value()) {}

    ProcessClock clock;
    aws::Traffic traffic{1};
    aws::FixedCredentials credentials{{{"AKIDTEST", "secret", ""}, std::nullopt, "the test's own"}};
    aws::Client client;
};

} // namespace squall::watch
