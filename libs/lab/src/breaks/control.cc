#include "breaks/control.h"

#include "squall/base/text.h"

#include <random>

namespace squall::lab::breaks {
namespace {

void respond(transport::Responder& responder, int status, json::Object object) {
    responder.respond({status,
                       {{"Content-Type", "application/json"}},
                       json::text(json::Value(std::move(object)))});
}

int status_of(Errc code) {
    if (code == Errc::not_found) return 404;
    if (code == Errc::conflict) return 409;
    return code == Errc::invalid_input ? 400 : 500;
}

void respond(transport::Responder responder, const Result<json::Object>& answer) {
    if (answer) return respond(responder, 200, *answer);
    respond(responder, status_of(answer.error().code), {{"error", answer.error().message}});
}

Result<std::string> host_of(Population& population, const json::Object& order) {
    const std::string name(json::string_at(order, "instance"));
    std::string id = population.instance_named(name);
    if (id.empty())
        return fail(Errc::not_found,
                    "no container instance '{}' in this lab: `squall lab status` shows them",
                    name);
    return id;
}

// All of them, the one after the other; the first error in the end.
struct MendingAll {
    std::vector<std::string> left;
    json::Array mended;
    std::optional<Error> problem;
    transport::Responder responder;
};

void mend_all(Breaks& breaks, MendingAll all) {
    if (all.left.empty()) {
        if (all.problem) return respond(all.responder, fail(*all.problem));
        return respond(all.responder, 200, {{"hosts", std::move(all.mended)}});
    }
    const std::string next = all.left.back();
    all.left.pop_back();
    breaks.mend(next, [&breaks, all = std::move(all)](const Result<json::Object>& done) mutable {
        if (done)
            all.mended.push_back(*done);
        else if (!all.problem)
            all.problem = done.error();
        mend_all(breaks, std::move(all));
    });
}

void mend(Breaks& breaks,
          Population& population,
          const json::Object& order,
          transport::Responder responder) {
    std::vector<std::string> hosts = breaks.broken_instances();
    if (order.contains("instance")) {
        auto host = host_of(population, order);
        if (!host) return respond(std::move(responder), fail(host.error()));
        hosts = {std::move(*host)};
    }
    mend_all(breaks, {std::move(hosts), {}, std::nullopt, std::move(responder)});
}

void make(Breaks& breaks,
          Population& population,
          const json::Object& order,
          const transport::Responder& responder) {
    const auto host = host_of(population, order);
    if (!host) return respond(responder, fail(host.error()));
    const HostFacts facts = population.facts_of(*host);
    const auto answered = [responder](const Result<json::Object>& answer) {
        respond(responder, answer);
    };
    if (!json::bool_at(order, "random"))
        return breaks.make(std::string(json::string_at(order, "cause")), *host, facts, answered);
    const json::Value& given = json::at(order, "seed");
    const std::uint64_t seed = given.is_null()
                                   ? std::random_device{}() & 0xFFFFFFU
                                   : static_cast<std::uint64_t>(json::integer_at(order, "seed"));
    breaks.make_random(seed, *host, facts, answered);
}

} // namespace

std::unique_ptr<Chore> PopulationHosts::run(const std::string& instance_id,
                                            const std::string& script,
                                            std::function<void(Chore::Ended)> done) {
    // Read to its end before it begins, and out of every command line.
    return std::make_unique<Chore>(loop_,
                                   instance_id,
                                   std::vector<std::string>{"sh", "-s"},
                                   std::move(done),
                                   "{\n" + script + "} </dev/null\n");
}

bool PopulationHosts::is_up(const std::string& instance_id) const {
    return population_.is_up(instance_id);
}

bool PopulationHosts::is_gone(const std::string& instance_id) const {
    return population_.is_gone(instance_id);
}

void answer_breaks_control(Breaks& breaks,
                           Population& population,
                           const wire::HttpRequest& request,
                           transport::Responder responder) {
    const auto order = json::parse_object(request.body);
    if (!order) return respond(std::move(responder), fail(order.error()));
    constexpr std::string_view prefix = "/breaks/";
    const std::string_view verb = std::string_view(request.target).substr(prefix.size());
    if (verb == "show") return respond(responder, 200, breaks.show());
    if (verb == "make") return make(breaks, population, *order, responder);
    if (verb == "mend") return mend(breaks, population, *order, std::move(responder));
    respond(
        std::move(responder),
        fail(Errc::not_found, "this lab knows no such order: it was started by another squall"));
}

} // namespace squall::lab::breaks
