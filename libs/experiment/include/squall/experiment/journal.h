// The journal: what every run meant to do, written before it does it, and what came of it. SQLite,
// write-ahead log, synced: what is in it survives the process and the machine's power. One file for
// one user on one machine.
//
// Several processes may use it at once. An object of this class belongs to one thread.
#pragma once

#include "squall/base/file.h"
#include "squall/experiment/event.h"
#include "squall/experiment/plan.h"

#include <memory>
#include <optional>
#include <vector>

namespace squall::experiment {

struct RunRecord {
    std::string id;
    WallTime created_at;
    std::string fault;
    std::string region;
    std::string cluster;
    std::string plan_hash;
    json::Object plan;
    bool open = true;
    std::string verdict; // of a closed run
    std::optional<WallTime> closed_at;
};

class Journal {
public:
    // Made where it is missing, with its folder.
    [[nodiscard]] static Result<Journal> open(const Path& file);
    // The user's own: squall/journal.db in the state directory.
    [[nodiscard]] static Result<Journal> open_default();
    Journal(Journal&&) noexcept;
    Journal& operator=(Journal&&) noexcept;
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;
    ~Journal();

    // Opens a run, unless an open one has a target of this plan: then Errc::conflict, naming it. In
    // one step: of two runs that begin at once, one is refused.
    [[nodiscard]] Result<void> begin(const std::string& run, const Plan& plan, WallTime now);
    [[nodiscard]] Result<void> append(const Event& event);
    // What is appended between these two reaches the disk at once, by the second: thousands of
    // events cost what one does. Short, since nobody else can write meanwhile.
    [[nodiscard]] Result<void> begin_group();
    [[nodiscard]] Result<void> end_group();
    [[nodiscard]] Result<void>
    close(const std::string& run, const std::string& verdict, WallTime now);

    [[nodiscard]] Result<std::optional<RunRecord>> find(const std::string& run);
    // Newest first.
    [[nodiscard]] Result<std::vector<RunRecord>> runs(int count_max);
    // Those that are not closed, newest first; a thousand at the most.
    [[nodiscard]] Result<std::vector<RunRecord>> open_runs();
    [[nodiscard]] Result<std::vector<Event>> events(const std::string& run);

    [[nodiscard]] const Path& file() const { return file_; }

    // Held by the process that runs a run: free when that has died.
    [[nodiscard]] Path lock_path(const std::string& run) const;

private:
    [[nodiscard]] Result<std::vector<RunRecord>> select_runs(std::string_view condition,
                                                             int count_max);
    struct Store;
    Journal(Path file, std::unique_ptr<Store> store);

    Path file_;
    std::unique_ptr<Store> store_;
};

// r-20261121-0203-k7f2: when it was made, and four letters that tell runs of one minute apart.
[[nodiscard]] std::string new_run_id(WallTime now);

} // namespace squall::experiment
