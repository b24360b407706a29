#include "squall/experiment/journal.h"

#include "squall/base/text.h"
#include "squall/base/time_text.h"

#include <sqlite3.h>

#include <functional>
#include <variant>

namespace squall::experiment {
namespace {

constexpr int schema_version = 1;
constexpr int busy_timeout_ms = 5000;

constexpr const char* schema = R"sql(
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

using Argument = std::variant<std::string, std::int64_t>;

} // namespace

struct Journal::Database {
    explicit Database(Path path) : file(std::move(path)) {}

    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    ~Database() { sqlite3_close_v2(handle); }

    [[nodiscard]] bool is_ruined() const {
        const int code = sqlite3_errcode(handle);
        return code == SQLITE_NOTADB || code == SQLITE_CORRUPT;
    }

    [[nodiscard]] tl::unexpected<Error> error(std::string_view doing) const {
        return squall::fail(
            Errc::failed,
            "{} the journal {}: {}{}{}",
            doing,
            file.string(),
            sqlite3_errmsg(handle),
            sqlite3_errcode(handle) == SQLITE_CANTOPEN && sqlite3_system_errno(handle) != 0
                ? fmt::format(" ({})", errno_text(sqlite3_system_errno(handle)))
                : "",
            is_ruined()
                ? ": move the file away; hosts of an open run restore themselves at their time"
                : "");
    }

    // NOLINTNEXTLINE(readability-make-member-function-const): it writes to the database
    Result<void> execute(const char* sql) {
        if (sqlite3_exec(handle, sql, nullptr, nullptr, nullptr) != SQLITE_OK)
            return error("writing to");
        return {};
    }

    // Runs one statement; calls `row` for each row of its answer.
    // NOLINTNEXTLINE(readability-make-member-function-const): it writes to the database
    Result<void> run(const char* sql,
                     const std::vector<Argument>& arguments,
                     const std::function<void(sqlite3_stmt*)>& row = {}) {
        sqlite3_stmt* raw = nullptr;
        if (sqlite3_prepare_v2(handle, sql, -1, &raw, nullptr) != SQLITE_OK)
            return error("reading");
        const std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)> statement(
            raw, &sqlite3_finalize);
        int position = 1;
        for (const auto& argument : arguments) {
            if (const auto* text = std::get_if<std::string>(&argument))
                sqlite3_bind_text(
                    raw, position, text->data(), static_cast<int>(text->size()), nullptr);
            else
                sqlite3_bind_int64(raw, position, std::get<std::int64_t>(argument));
            ++position;
        }
        int step = sqlite3_step(raw);
        for (; step == SQLITE_ROW; step = sqlite3_step(raw)) {
            if (row) row(raw);
        }
        if (step != SQLITE_DONE) return error("using");
        return {};
    }

    Result<void> set_up() {
        sqlite3_busy_timeout(handle, busy_timeout_ms);
        // FULL: an intent must be on the disk before it is acted on.
        if (auto set = execute(
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;");
            !set)
            return set;
        if (auto begun = execute("BEGIN IMMEDIATE"); !begun) return begun;
        std::int64_t version = 0;
        auto done = run("PRAGMA user_version", {}, [&](sqlite3_stmt* row) {
            version = sqlite3_column_int64(row, 0);
        });
        if (done && version > schema_version)
            done = squall::fail(Errc::failed,
                                "the journal {} was written by a newer squall: use that one",
                                file.string());
        if (done && version == 0) done = execute(schema);
        if (done && version == 0)
            done = execute(fmt::format("PRAGMA user_version={}", schema_version).c_str());
        const auto ended = execute(done ? "COMMIT" : "ROLLBACK");
        return done ? ended : done;
    }

    Path file;
    sqlite3* handle = nullptr;
};

namespace {

std::string column(sqlite3_stmt* row, int index) {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(row, index));
    return text == nullptr
               ? std::string()
               : std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(row, index)));
}

WallTime time_column(sqlite3_stmt* row, int index) {
    return parse_time(column(row, index)).value_or(WallTime{});
}

json::Object object_column(sqlite3_stmt* row, int index) {
    return json::parse_object(column(row, index)).value_or(json::Object{});
}

constexpr int open_runs_max = 1000;
constexpr const char* run_columns = "SELECT id, created_at, fault, region, cluster, plan_hash, "
                                    "plan, is_open, verdict, closed_at FROM runs ";

RunRecord run_of(sqlite3_stmt* row) {
    RunRecord run{column(row, 0),
                  time_column(row, 1),
                  column(row, 2),
                  column(row, 3),
                  column(row, 4),
                  column(row, 5),
                  object_column(row, 6),
                  sqlite3_column_int(row, 7) != 0,
                  column(row, 8),
                  {}};
    if (sqlite3_column_type(row, 9) != SQLITE_NULL) run.closed_at = time_column(row, 9);
    return run;
}

} // namespace

Journal::Journal(Path file, std::unique_ptr<Database> database)
    : file_(std::move(file)), database_(std::move(database)) {}

Journal::Journal(Journal&&) noexcept = default;
Journal& Journal::operator=(Journal&&) noexcept = default;
Journal::~Journal() = default;

Result<Journal> Journal::open(const Path& file) {
    if (auto made = make_directories(file.parent_path(), 0700); !made) return fail(made.error());
    auto database = std::make_unique<Database>(file);
    if (sqlite3_open_v2(
            file.c_str(), &database->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr)
        != SQLITE_OK)
        return database->error("opening");
    if (auto set = database->set_up(); !set) return fail(set.error());
    return Journal(file, std::move(database));
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
    if (auto begun = database_->execute("BEGIN IMMEDIATE"); !begun) return begun;
    std::string other;
    std::string shared;
    auto done = database_->run("INSERT INTO runs(id, created_at, fault, region, cluster, "
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
        done =
            database_->run("SELECT runs.id FROM targets JOIN runs ON runs.id = targets.run WHERE "
                           "targets.target = ? AND targets.endpoint = ? AND runs.is_open = 1",
                           {target, plan.endpoint},
                           [&](sqlite3_stmt* row) {
                               other = column(row, 0);
                               shared = target;
                           });
        if (done && other.empty())
            done = database_->run("INSERT INTO targets(run, endpoint, target) VALUES(?,?,?)",
                                  {run, plan.endpoint, target});
    }
    if (done && !other.empty())
        done =
            fail(Errc::conflict,
                 "{0} is already a target of the run {1}, which is still open: `squall status {1}` "
                 "says where it is, `squall abort {1}` ends it",
                 shared,
                 other);
    const auto ended = database_->execute(done ? "COMMIT" : "ROLLBACK");
    return done ? ended : done;
}

Result<void> Journal::append(const Event& event) {
    return database_->run(
        "INSERT INTO events(run, sequence, at, kind, target, data) VALUES(?,?,?,?,?,?)",
        {event.run,
         event.sequence,
         rfc3339_millis(event.at),
         event.kind,
         event.target,
         json::text(event.data)});
}

Result<void> Journal::begin_group() { return database_->execute("BEGIN IMMEDIATE"); }

Result<void> Journal::end_group() {
    auto ended = database_->execute("COMMIT");
    // A transaction that cannot be ended must not swallow what comes after it.
    if (!ended) static_cast<void>(database_->execute("ROLLBACK"));
    return ended;
}

Result<void> Journal::close(const std::string& run, const std::string& verdict, WallTime now) {
    return database_->run(
        "UPDATE runs SET is_open = 0, verdict = ?, closed_at = ? WHERE id = ? AND is_open = 1",
        {verdict, rfc3339_millis(now), run});
}

Result<std::optional<RunRecord>> Journal::find(const std::string& run) {
    std::optional<RunRecord> found;
    auto done = database_->run(fmt::format("{} WHERE id = ?", run_columns).c_str(),
                               {run},
                               [&](sqlite3_stmt* row) { found = run_of(row); });
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
    auto done = database_->run(sql.c_str(), {std::int64_t{count_max}}, [&](sqlite3_stmt* row) {
        found.push_back(run_of(row));
    });
    if (!done) return fail(done.error());
    return found;
}

Result<std::vector<Event>> Journal::events(const std::string& run) {
    std::vector<Event> found;
    auto done = database_->run(
        "SELECT sequence, at, run, kind, target, data FROM events WHERE run = ? ORDER BY sequence",
        {run},
        [&](sqlite3_stmt* row) {
            found.push_back({sqlite3_column_int64(row, 0),
                             time_column(row, 1),
                             column(row, 2),
                             column(row, 3),
                             column(row, 4),
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
