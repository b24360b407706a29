// What one record shows: the catalogue's signs, held against it.
#pragma once

#include "logs/record.h"
#include "patterns/record_patterns.h"
#include "squall/doctor/catalogue.h"

#include <set>

namespace squall::doctor {

struct Reading {
    std::optional<std::size_t> cause; // the most of a root, where several fit
    Certainty certainty = Certainty::possible;
    std::set<Mark> marks;
};

class Matcher {
public:
    // The catalogue must outlive it.
    [[nodiscard]] static Result<Matcher> make(const Catalogue& catalogue);

    // Every sign that a record can show has one of these in one of its lines.
    [[nodiscard]] const TextSet& triggers() const { return triggers_; }

    [[nodiscard]] Reading read(const Record& record, LogKind kind);

private:
    Matcher(const Catalogue& catalogue,
            TextSet triggers,
            RecordPatterns patterns,
            std::vector<std::vector<std::size_t>> rules_with);

    void find_rules(std::string_view text);
    void take(const SignRule& sign, Reading& reading) const;
    [[nodiscard]] bool fits(const SignRule& rule, const Record& record, LogKind kind) const;

    const Catalogue* catalogue_;
    TextSet triggers_;
    RecordPatterns patterns_;
    // By pattern: the rules that cannot fit where none of some patterns is, this being one of them.
    // Numbered: marks first, then signs.
    std::vector<std::vector<std::size_t>> rules_with_;
    // Of the record that is read.
    std::vector<char> is_there_;     // by pattern
    std::vector<std::size_t> there_; // those
    std::vector<std::size_t> rules_; // what may fit
};

} // namespace squall::doctor
