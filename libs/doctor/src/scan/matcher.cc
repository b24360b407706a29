#include "scan/matcher.h"

#include "patterns/rarity.h"
#include "squall/base/text.h"

#include <algorithm>
#include <tuple>

namespace squall::doctor {
namespace {

// By which of its patterns a record is found that a rule may fit.
class Choice {
public:
    explicit Choice(const Catalogue& catalogue) : catalogue_(&catalogue) {
        std::vector<std::string> texts;
        for (const auto& needed : catalogue.needed_texts())
            texts.insert(texts.end(), needed.begin(), needed.end());
        rarity_.emplace(texts, catalogue.usual_lines());
        for (const auto& needed : catalogue.needed_texts())
            worths_.push_back(worth_of(needed));
    }

    // Of the sets of which a record must have one each, the one whose commonest pattern is rarest.
    [[nodiscard]] const std::vector<std::size_t>& rarest(const SignRule& rule) const {
        const auto worth_of_set = [&](const std::vector<std::size_t>& set) {
            Worth least = most;
            for (const std::size_t pattern : set)
                least = std::min(least, worths_[pattern]);
            return least;
        };
        return *std::max_element(
            rule.all.begin(), rule.all.end(), [&](const auto& a, const auto& b) {
                return worth_of_set(a) < worth_of_set(b);
            });
    }

    [[nodiscard]] std::vector<std::string> triggers(const std::set<std::size_t>& patterns) const {
        std::vector<std::string> texts;
        for (const std::size_t pattern : patterns) {
            const auto& needed = catalogue_->needed_texts()[pattern];
            texts.insert(texts.end(), needed.begin(), needed.end());
        }
        return rarity_->parts_of_all(std::move(texts));
    }

private:
    // That it says something, its size, how rare it is: the more, the better.
    using Worth = std::tuple<bool, std::size_t, std::int64_t>;

    static constexpr Worth most{true, Rarity::part_max, 0};

    [[nodiscard]] Worth worth_of(const std::vector<std::string>& needed) const {
        if (needed.empty()) return {false, 0, 0};
        Worth least = most;
        for (const std::string& text : needed) {
            const Rarity::Part part = rarity_->rarest_part(text);
            least = std::min(
                least,
                {!part.is_usual, part.text.size(), -static_cast<std::int64_t>(part.commonness)});
        }
        return least;
    }

    const Catalogue* catalogue_;
    std::optional<Rarity> rarity_;
    std::vector<Worth> worths_; // by pattern
};

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
    const Choice choice(catalogue);
    std::vector<Pattern> patterns;
    for (const std::string& written : catalogue.patterns())
        patterns.push_back(pattern_of(written));
    // Marks first, then signs, numbered through.
    std::vector<std::vector<std::size_t>> rules_with(patterns.size());
    std::set<std::size_t> chosen;
    std::size_t number = 0;
    const auto enter = [&](const SignRule& rule, bool is_looked_for) {
        const auto& set = choice.rarest(rule);
        if (is_looked_for) chosen.insert(set.begin(), set.end());
        for (const std::size_t pattern : set)
            rules_with[pattern].push_back(number);
        ++number;
    };
    for (const MarkRule& mark : catalogue.marks())
        enter(mark.rule, !is_said_beside(mark.mark));
    for (const SignRule& sign : catalogue.signs())
        enter(sign, true);
    auto triggers = TextSet::compile(choice.triggers(chosen));
    if (!triggers) return fail(triggers.error());
    auto compiled = RecordPatterns::compile(patterns);
    if (!compiled) return fail(compiled.error());
    return Matcher(catalogue, std::move(*triggers), std::move(*compiled), std::move(rules_with));
}

Matcher::Matcher(const Catalogue& catalogue,
                 TextSet triggers,
                 RecordPatterns patterns,
                 std::vector<std::vector<std::size_t>> rules_with)
    : catalogue_(&catalogue),
      triggers_(std::move(triggers)),
      patterns_(std::move(patterns)),
      rules_with_(std::move(rules_with)),
      is_there_(catalogue.patterns().size(), 0) {}

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
    patterns_.find(text, [this](std::size_t pattern) {
        if (is_there_[pattern] != 0) return;
        is_there_[pattern] = 1;
        there_.push_back(pattern);
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
