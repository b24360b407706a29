#include "squall/fault/fault_set.h"

#include "squall/base/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace squall::fault {

Result<std::unique_ptr<FaultSet>> FaultSet::make(const std::vector<Wanted>& wanted,
                                                 std::uint64_t seed) {
    const auto kinds = fault_kinds();
    std::unique_ptr<FaultSet> set(new FaultSet(seed)); // NOLINT(modernize-make-unique): private
    std::vector<std::string> problems;
    for (const auto& one : wanted) {
        const auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const FaultKind& known) {
            return known.name == one.name;
        });
        if (kind == kinds.end()) {
            std::vector<std::string> names;
            names.reserve(kinds.size());
            for (const auto& known : kinds)
                names.emplace_back(known.name);
            problems.push_back(
                fmt::format("there is no fault '{}'; there are {}", one.name, join(names, ", ")));
            continue;
        }
        Settings settings(one.settings);
        Part part{kind->make(settings), Match::read(settings)};
        for (const auto& problem : settings.problems())
            problems.push_back(fmt::format("{}: {}", one.name, problem));
        set->parts_.push_back(std::move(part));
    }
    if (!problems.empty()) return fail(Errc::invalid_input, "{}", join(problems, "\n"));
    return set;
}

http::Treatment FaultSet::treat(const http::RequestHead& request) {
    http::Treatment treatment;
    for (Part& part : parts_) {
        // What concerns whole connections was decided when this one was accepted.
        if (part.fault->reset_after_accept() && part.match.is_any_request()) continue;
        if (part.match.is_meant(request) && part.match.is_its_turn(++part.met, random_))
            part.fault->treat(request, random_, treatment);
    }
    return treatment;
}

std::shared_ptr<const http::Answer> FaultSet::answer_to_all() const {
    if (parts_.size() != 1 || !parts_.front().match.is_every_request()) return nullptr;
    return parts_.front().fault->answer_to_all();
}

std::optional<Millis> FaultSet::reset_after_accept() {
    std::optional<Millis> soonest;
    for (Part& part : parts_) {
        const auto after = part.fault->reset_after_accept();
        if (!after || !part.match.is_any_request()) continue;
        if (part.match.is_its_turn(++part.met, random_))
            soonest = std::min(soonest.value_or(*after), *after);
    }
    return soonest;
}

} // namespace squall::fault
