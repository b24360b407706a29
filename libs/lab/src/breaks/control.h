// What `squall lab break` and `squall lab mend` ask of a running lab, as requests on its control
// socket.
#pragma once

#include "breaks/breaks.h"
#include "hosts/population.h"

namespace squall::lab::breaks {

// The hosts of a population, as the work on them sees them.
class PopulationHosts final : public Hosts {
public:
    PopulationHosts(transport::Loop& loop, const Population& population)
        : loop_(loop), population_(population) {}

    [[nodiscard]] std::unique_ptr<Chore> run(const std::string& instance_id,
                                             const std::string& script,
                                             std::function<void(Chore::Ended)> done) override;
    [[nodiscard]] bool is_up(const std::string& instance_id) const override;
    [[nodiscard]] bool is_gone(const std::string& instance_id) const override;

private:
    transport::Loop& loop_;
    const Population& population_;
};

// POST /breaks/show, /breaks/make and /breaks/mend, with a JSON object. Answers later;
// {"error": …} where it was not done.
void answer_breaks_control(Breaks& breaks,
                           Population& population,
                           const wire::HttpRequest& request,
                           transport::Responder responder);

} // namespace squall::lab::breaks
