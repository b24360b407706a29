#include "squall/experiment/journal.h"

#include "squall/base/text.h"
#include "squall/base/time_text.h"
#include "squall/sqlite/database.h"

namespace squall::experiment {
namespace {

using sqlite::Row;

constexpr const char* tables = R"sql(
CREATE TABLE runs (
    id TEXT PRIMARY KEY, created_at TEXT NOT NULL, fault TEXT NOT NULL, region TEXT NOT NULL, cluster TEXT NOT NULL,
    plan_hash TEXT NOT NULL, plan TEXT NOT NULL, is_open INTEGER NOT NULL DEFAULT 1, verdict TEXT NOT NULL DEFAULT '', closed_at TEXT
);
CREATE TABLE targets (
    run TEXT NOT NULL REFERENCES runs(id), endpoint TEXT NOT NULL, target TEXT NOT NULL, PRIMARY KEY (run, target)
);
CREATE INDEX targets_by_name ON targets(target);
CREATE TABLE events (
    run TEXT NOT NULL REFERENCES runs(id), sequence INTEGER NOT NULL, at TEXT NOT NULL, kind TEXT NOT NULL,
    target TEXT NOT NULL, data TEXT NOT NULL, PRIMARY KEY (run, sequence)
);
)sql";

sqlite::Schema schema() {
    return {"journal",
            {tables},
            // An intent must be on the disk before it is acted on.
            sqlite::Sync::every_commit,
            "hosts of an open run restore themselves at their time"};
}

WallTime time_column(const Row& row, int index) {
    return parse_time(row.text_view(index)).value_or(WallTime{});
}

json::Object object_column(const Row& row, int index) {
    return json::parse_object(row.text_view(index)).value_or(json::Object{});
}

constexpr int open_runs_max = 1000;
constexpr const char* run_columns = "SELECT id, created_at, fault, region, cluster, plan_hash, "
                                    "plan, is_open, verdict, closed_at FROM runs ";

RunRecord run_of(const Row& row) {
    RunRecord run{row.text(0),
                  time_column(row, 1),
                  row.text(2),
                  row.text(3),
                  row.text(4),
                  row.text(5),
                  object_column(row, 6),
                  row.integer(7) != 0,
                  row.text(8),
                  {}};
    if (!row.is_null(9)) run.closed_at = time_column(row, 9);
    return run;
}

} // namespace

struct Journal::Store {
    std::unique_ptr<sqlite::Database> database;
    std::optional<sqlite::Transaction> group;
};

Journal::Journal(Path file, std::unique_ptr<Store> store)
    : file_(std::move(file)), store_(std::move(store)) {}

Journal::Journal(Journal&&) noexcept = default;
Journal& Journal::operator=(Journal&&) noexcept = default;
Journal::~Journal() = default;

Result<Journal> Journal::open(const Path& file) {
    if (auto made = make_directories(file.parent_path(), 0700); !made) return fail(made.error());
    auto database = sqlite::Database::open(file, schema());
    if (!database) return fail(database.error());
    return Journal(file, std::make_unique<Store>(Store{std::move(*database), std::nullopt}));
}

Result<Journal> Journal::open_default() {
    const auto folder = state_directory();
    if (!folder) return fail(folder.error());
    return open(*folder / "journal.db");
}

Path Journal::lock_path(const std::string& run) const {
    return file_.parent_path() / "runs" / (run + ".lock");
}

Result<void> Journal::begin(const std::string& run, const Plan& plan, WallTime now) {
    auto& database = *store_->database;
    auto transaction = database.begin();
    if (!transaction) return fail(transaction.error());
    std::string other;
    std::string shared;
    auto done = database.run("INSERT INTO runs(id, created_at, fault, region, cluster, "
                             "plan_hash, plan) VALUES(?,?,?,?,?,?,?)",
                             {run,
                              rfc3339_millis(now),
                              plan.fault,
                              plan.region,
                              plan.cluster,
                              plan.hash(),
                              json::text(plan.to_json())});
    for (const auto& target : plan.injected_ids()) {
        if (!done || !other.empty()) break;
        done = database.run("SELECT runs.id FROM targets JOIN runs ON runs.id = targets.run WHERE "
                            "targets.target = ? AND targets.endpoint = ? AND runs.is_open = 1",
                            {target, plan.endpoint},
                            [&](const Row& row) {
                                other = row.text(0);
                                shared = target;
                            });
        if (done && other.empty())
            done = database.run("INSERT INTO targets(run, endpoint, target) VALUES(?,?,?)",
                                {run, plan.endpoint, target});
    }
    if (!done) return done;
    if (!other.empty())
        return fail(Errc::conflict,
                    "{0} is already a target of the run {1}, which is still open: `squall status "
                    "{1}` says where it is, `squall abort {1}` ends it",
                    shared,
                    other);
    return transaction->commit();
}

Result<void> Journal::append(const Event& event) {
    return store_->database->run(
        "INSERT INTO events(run, sequence, at, kind, target, data) VALUES(?,?,?,?,?,?)",
        {event.run,
         event.sequence,
         rfc3339_millis(event.at),
         event.kind,
         event.target,
         json::text(event.data)});
}

Result<void> Journal::begin_group() {
    auto begun = store_->database->begin();
    if (!begun) return fail(begun.error());
    store_->group.emplace(std::move(*begun));
    return {};
}

Result<void> Journal::end_group() {
    SQUALL_ASSERT(store_->group.has_value());
    auto ended = store_->group->commit();
    store_->group.reset();
    return ended;
}

Result<void> Journal::close(const std::string& run, const std::string& verdict, WallTime now) {
    return store_->database->run(
        "UPDATE runs SET is_open = 0, verdict = ?, closed_at = ? WHERE id = ? AND is_open = 1",
        {verdict, rfc3339_millis(now), run});
}

Result<std::optional<RunRecord>> Journal::find(const std::string& run) {
    std::optional<RunRecord> found;
    auto done = store_->database->run(fmt::format("{} WHERE id = ?", run_columns),
                                      {run},
                                      [&](const Row& row) { found = run_of(row); });
    if (!done) return fail(done.error());
    return found;
}

Result<std::vector<RunRecord>> Journal::runs(int count_max) { return select_runs("", count_max); }

Result<std::vector<RunRecord>> Journal::open_runs() {
    return select_runs("WHERE is_open = 1", open_runs_max);
}

Result<std::vector<RunRecord>> Journal::select_runs(std::string_view condition, int count_max) {
    std::vector<RunRecord> found;
    const std::string sql =
        fmt::format("{} {} ORDER BY created_at DESC, id DESC LIMIT ?", run_columns, condition);
    auto done = store_->database->run(
        sql, {std::int64_t{count_max}}, [&](const Row& row) { found.push_back(run_of(row)); });
    if (!done) return fail(done.error());
    return found;
}

Result<std::vector<Event>> Journal::events(const std::string& run) {
    std::vector<Event> found;
    auto done = store_->database->run(
        "SELECT sequence, at, run, kind, target, data FROM events WHERE run = ? ORDER BY sequence",
        {run},
        [&](const Row& row) {
            found.push_back({row.integer(0),
                             time_column(row, 1),
                             row.text(2),
                             row.text(3),
                             row.text(4),
                             object_column(row, 5)});
        });
    if (!done) return fail(done.error());
    return found;
}

std::string new_run_id(WallTime now) {
    const std::string when = compact_utc(now);
    return fmt::format("r-{}-{}-{}", when.substr(0, 8), when.substr(9, 4), random_hex(4));
}

} // namespace squall::experiment
