// The faults on one port, and which requests they concern.
#pragma once

#include "squall/base/result.h"
#include "squall/fault/fault.h"

namespace squall::fault {

// Which requests are meant: all of these conditions together. An empty one is always met.
class Match {
public:
    // Reads PATHS, METHODS, MATCH_HEADERS, EXEMPT_PATHS, TOXICITY and EVERY_NTH.
    [[nodiscard]] static Match read(Settings& settings);

    // Of what the request says; chance and counting come after it.
    [[nodiscard]] bool is_meant(const http::RequestHead& request) const;
    // The same of a GET without headers.
    [[nodiscard]] bool is_get_meant(std::string_view target) const;

    // No more than TOXICITY and EVERY_NTH: whole connections can be meant.
    [[nodiscard]] bool is_any_request() const {
        return paths_.empty() && exempt_paths_.empty() && methods_.empty() && headers_.empty();
    }

    [[nodiscard]] bool is_every_request() const {
        return is_any_request() && toxicity_ == 100 && every_nth_ == 1;
    }

    // By TOXICITY and EVERY_NTH; `number` counts what is_meant(), from 1.
    [[nodiscard]] bool is_its_turn(std::uint64_t number, std::mt19937_64& random) const;

private:
    std::vector<std::string> paths_; // with '*' at the end: all that begin so
    std::vector<std::string> exempt_paths_;
    std::vector<std::string> methods_;
    http::FieldList headers_; // an empty value: any
    std::int64_t toxicity_ = 100;
    std::int64_t every_nth_ = 1;
};

// For one thread: chance and counting are its own.
class FaultSet final : public http::Treater {
public:
    struct Wanted {
        std::string name; // of the fault
        std::map<std::string, std::string> settings;
    };

    // The conditions of Match may stand with any of the faults, and hold for that fault. Errors
    // name every problem, one a line.
    [[nodiscard]] static Result<std::unique_ptr<FaultSet>> make(const std::vector<Wanted>& wanted,
                                                                std::uint64_t seed);

    [[nodiscard]] http::Treatment treat(const http::RequestHead& request) override;

    [[nodiscard]] bool treats_nothing() const override { return parts_.empty(); }

    // Where there is one fault, without conditions.
    [[nodiscard]] std::shared_ptr<const http::Answer> answer_to_all() const override;

    // For a connection that has just been accepted: it is to be reset so long after, and not read
    // before. Nothing where its requests have to be looked at.
    [[nodiscard]] std::optional<Millis> reset_after_accept();

private:
    struct Part {
        std::unique_ptr<const Fault> fault;
        Match match;
        std::uint64_t met = 0;
    };

    explicit FaultSet(std::uint64_t seed) : random_(seed) {}

    std::vector<Part> parts_;
    std::mt19937_64 random_;
};

} // namespace squall::fault
