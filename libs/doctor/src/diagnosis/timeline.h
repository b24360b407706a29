// All logs of one host as one timeline: what was seen, in what order, and what of it still counts.
#pragma once

#include "squall/doctor/catalogue.h"
#include "squall/doctor/scan.h"

#include <compare>

namespace squall::doctor {

// Where on the timeline something is.
struct Place {
    std::size_t log = 0; // in the timeline's order
    std::size_t segment = 0;
    std::optional<WallTime> when;
};

// One cause, or one mark, as one segment of one log shows it.
struct Candidate {
    std::size_t cause = 0;
    std::size_t log = 0;
    std::size_t segment = 0;
    Group group;

    [[nodiscard]] Place place() const { return {log, segment, group.last.when}; }
};

class Timeline {
public:
    explicit Timeline(std::vector<ScannedLog> logs);

    // Rolls of one log behind each other, oldest first.
    [[nodiscard]] const std::vector<ScannedLog>& logs() const { return logs_; }

    // The last time that the agent connected to ACS.
    [[nodiscard]] const std::optional<Place>& connected() const { return connected_; }

    [[nodiscard]] std::optional<WallTime> end() const { return end_; }

    // Of one log and its rolls.
    [[nodiscard]] std::optional<WallTime> end_of(std::size_t log) const;

    // Everything that was seen of causes.
    [[nodiscard]] const std::vector<Candidate>& all() const { return all_; }

    // Came after `place`: by their order within one log and its rolls, by time otherwise. What has
    // no time counts.
    [[nodiscard]] bool is_after(const Candidate& candidate, const Place& place) const;

    // The last segment that one of these opened, or that has the mark in it, after `candidate`.
    [[nodiscard]] bool is_followed_by(const Candidate& candidate, Mark mark) const;

    // Where the mark was seen last, if the agent has not connected since. Its `cause` says nothing.
    [[nodiscard]] std::optional<Candidate> last_since_connection(Mark mark) const;

private:
    void sort_logs();
    void find_connection();
    void collect();
    [[nodiscard]] bool is_one_log(std::size_t a, std::size_t b) const;

    std::vector<ScannedLog> logs_;
    std::optional<Place> connected_;
    std::optional<WallTime> end_;
    std::vector<Candidate> all_;
};

} // namespace squall::doctor
