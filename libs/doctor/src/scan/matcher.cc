#include "scan/matcher.h"

#include "squall/base/text.h"

#include <algorithm>

namespace squall::doctor {
namespace {

// How well a pattern tells records apart: the longer, the rarer. Quotes and arrows are written
// otherwise in JSON, so a pattern with them would be missed there.
std::size_t worth(const std::string& pattern) {
    if (pattern_of(pattern).is_regex) return 5;
    if (pattern.find_first_of("\"\\<>&") != std::string::npos) return 1;
    return pattern.size();
}

// Of the sets of which a record must have one each, the one whose commonest pattern is rarest.
const std::vector<std::size_t>& rarest(const SignRule& rule, const std::vector<std::string>& all) {
    const auto worth_of = [&](const std::vector<std::size_t>& set) {
        std::size_t least = 1000;
        for (const std::size_t pattern : set)
            least = std::min(least, worth(all[pattern]));
        return least;
    };
    return *std::max_element(rule.all.begin(), rule.all.end(), [&](const auto& a, const auto& b) {
        return worth_of(a) < worth_of(b);
    });
}

// Only said of what is something else, too.
bool is_said_beside(Mark mark) {
    return mark == Mark::telemetry || mark == Mark::unclear_socket || mark == Mark::of_task;
}

std::string_view name_of(Level level) {
    switch (level) {
    case Level::debug:
        return "debug";
    case Level::info:
        return "info";
    case Level::warn:
        return "warn";
    case Level::error:
        return "error";
    case Level::critical:
        return "critical";
    case Level::none:
        break;
    }
    return "";
}

} // namespace

Result<Matcher> Matcher::make(const Catalogue& catalogue) {
    std::vector<Pattern> all;
    for (const std::string& written : catalogue.patterns())
        all.push_back(pattern_of(written));
    std::set<std::size_t> chosen;
    const auto choose = [&](const SignRule& rule) {
        const auto& set = rarest(rule, catalogue.patterns());
        chosen.insert(set.begin(), set.end());
    };
    for (const SignRule& sign : catalogue.signs())
        choose(sign);
    for (const MarkRule& mark : catalogue.marks()) {
        if (!is_said_beside(mark.mark)) choose(mark.rule);
    }
    std::vector<Pattern> triggers;
    triggers.reserve(chosen.size());
    for (const std::size_t index : chosen)
        triggers.push_back(all[index]);
    auto trigger_set = PatternSet::compile(triggers);
    if (!trigger_set) return fail(trigger_set.error());
    auto all_set = PatternSet::compile(all);
    if (!all_set) return fail(all_set.error());
    return Matcher(catalogue, std::move(*trigger_set), std::move(*all_set));
}

Matcher::Matcher(const Catalogue& catalogue, PatternSet triggers, PatternSet all)
    : catalogue_(&catalogue),
      triggers_(std::move(triggers)),
      all_(std::move(all)),
      rules_with_(catalogue.patterns().size()),
      is_there_(catalogue.patterns().size(), 0) {
    std::size_t number = 0;
    const auto enter = [&](const SignRule& rule) {
        for (const std::size_t pattern : rarest(rule, catalogue.patterns()))
            rules_with_[pattern].push_back(number);
        ++number;
    };
    for (const MarkRule& mark : catalogue.marks())
        enter(mark.rule);
    for (const SignRule& sign : catalogue.signs())
        enter(sign);
}

bool Matcher::fits(const SignRule& rule, const Record& record, LogKind kind) const {
    const auto is_there = [&](std::size_t pattern) {
        return is_there_[pattern] != 0;
    };
    for (const auto& set : rule.all) {
        if (std::none_of(set.begin(), set.end(), is_there)) return false;
    }
    if (std::any_of(rule.none.begin(), rule.none.end(), is_there)) return false;
    if (!rule.in.empty() && std::find(rule.in.begin(), rule.in.end(), kind) == rule.in.end())
        return false;
    return rule.levels.empty()
           || std::any_of(rule.levels.begin(), rule.levels.end(), [&](const std::string& level) {
                  return equal_ignoring_case(level, name_of(record.level));
              });
}

void Matcher::find_rules(std::string_view text) {
    for (const std::size_t pattern : there_)
        is_there_[pattern] = 0;
    there_.clear();
    rules_.clear();
    all_.scan(text, [this](std::size_t pattern, std::size_t /*offset*/) {
        if (is_there_[pattern] == 0) {
            is_there_[pattern] = 1;
            there_.push_back(pattern);
        }
        return true;
    });
    for (const std::size_t pattern : there_)
        rules_.insert(rules_.end(), rules_with_[pattern].begin(), rules_with_[pattern].end());
    std::sort(rules_.begin(), rules_.end());
    rules_.erase(std::unique(rules_.begin(), rules_.end()), rules_.end());
}

void Matcher::take(const SignRule& sign, Reading& reading) const {
    const auto rank = [&](std::size_t cause) {
        return catalogue_->causes()[cause].rank;
    };
    if (!reading.cause || rank(sign.cause) < rank(*reading.cause)) {
        reading.cause = sign.cause;
        reading.certainty = sign.certainty;
    } else if (sign.cause == *reading.cause) {
        reading.certainty = std::max(reading.certainty, sign.certainty);
    }
}

Reading Matcher::read(const Record& record, LogKind kind) {
    find_rules(record.text);
    Reading reading;
    const std::size_t marks = catalogue_->marks().size();
    for (const std::size_t number : rules_) {
        if (number < marks) {
            const MarkRule& mark = catalogue_->marks()[number];
            if (fits(mark.rule, record, kind)) reading.marks.insert(mark.mark);
            continue;
        }
        // Marks come first; what is part of a healthy life is no sign.
        if (reading.marks.contains(Mark::normal)) break;
        const SignRule& sign = catalogue_->signs()[number - marks];
        if (reading.marks.contains(Mark::of_task)
            && !catalogue_->causes()[sign.cause].is_shown_by_tasks)
            continue;
        if (fits(sign, record, kind)) take(sign, reading);
    }
    if (reading.cause || reading.marks.contains(Mark::normal))
        reading.marks.erase(Mark::unexplained);
    return reading;
}

} // namespace squall::doctor
