#include "squall/watch/sqlite_store.h"

#include "squall/base/time_text.h"
#include "squall/monitor/saved_state.h"
#include "squall/sqlite/database.h"

#include <algorithm>

namespace squall::watch {
namespace {

using sqlite::Database;
using sqlite::Row;

constexpr const char* tables = R"sql(
CREATE TABLE hosts (key TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE incidents (id TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE rest (id INTEGER PRIMARY KEY CHECK (id = 1), state TEXT NOT NULL);
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT, channel TEXT NOT NULL, key TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL,
    object TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, due INTEGER NOT NULL DEFAULT 0, is_begun INTEGER NOT NULL DEFAULT 0,
    finished_at INTEGER, UNIQUE (channel, key)
);
CREATE INDEX outbox_waiting ON outbox(channel, id) WHERE finished_at IS NULL;
CREATE INDEX outbox_finished ON outbox(finished_at) WHERE finished_at IS NOT NULL;
CREATE TABLE timeline (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, cluster TEXT NOT NULL, node TEXT NOT NULL,
    incident TEXT NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL
);
CREATE INDEX timeline_by_node ON timeline(node, id);
CREATE INDEX timeline_by_time ON timeline(at);
)sql";

// How often what is older is taken out.
constexpr int commits_between_cleanings = 1000;

WallTime time_column(const Row& row, int column) { return WallTime(Millis(row.integer(column))); }

class SqliteStore final : public Store {
public:
    explicit SqliteStore(std::unique_ptr<Database> database) : database_(std::move(database)) {}

    Result<void> load(monitor::State& state) override;
    Result<void> commit(const Commit& commit) override;
    Result<std::vector<OutboxEntry>>
    outbox(const std::string& channel, WallTime now, std::size_t count_max) override;
    Result<void> begin(const OutboxEntry& entry) override;
    Result<void> finish(const OutboxEntry& entry) override;
    Result<void> postpone(const OutboxEntry& entry, WallTime until) override;
    Result<std::map<std::string, std::int64_t>> outbox_sizes() override;
    Result<std::vector<TimelineEntry>> timeline(const std::string& node,
                                                std::size_t count_max) override;
    Result<void> add(const std::vector<TimelineEntry>& entries) override;

private:
    Result<void> load_rows(const char* sql,
                           const std::function<Result<void>(const json::Object&)>& restore);
    Result<void> write_changes(const Commit& commit);
    Result<void> write_outbox(const Commit& commit);
    Result<void> write_timeline(const std::vector<TimelineEntry>& entries);
    Result<void> clean_up();

    std::unique_ptr<Database> database_;
    int commits_ = 0;
};

Result<void>
SqliteStore::load_rows(const char* sql,
                       const std::function<Result<void>(const json::Object&)>& restore) {
    Result<void> restored;
    auto read = database_->run(sql, {}, [&](const Row& row) {
        if (!restored) return;
        const auto object = json::parse_object(row.text_view(0));
        if (!object)
            restored = fail(object.error());
        else
            restored = restore(*object);
    });
    if (!read) return read;
    if (!restored)
        return fail(fmt::format("reading {}", database_->file().string()), restored.error());
    return {};
}

Result<void> SqliteStore::load(monitor::State& state) {
    if (auto done = load_rows("SELECT state FROM rest",
                              [&](const auto& row) { return monitor::restore_rest(state, row); });
        !done)
        return done;
    if (auto done = load_rows("SELECT state FROM hosts",
                              [&](const auto& row) { return monitor::restore_host(state, row); });
        !done)
        return done;
    return load_rows("SELECT state FROM incidents",
                     [&](const auto& row) { return monitor::restore_incident(state, row); });
}

Result<void> SqliteStore::write_changes(const Commit& commit) {
    const auto& changes = commit.changes;
    for (const auto& key : changes.forgotten_hosts) {
        if (auto done = database_->run("DELETE FROM hosts WHERE key = ?", {key}); !done)
            return done;
    }
    for (const auto& id : changes.closed_incidents) {
        if (auto done = database_->run("DELETE FROM incidents WHERE id = ?", {id}); !done)
            return done;
    }
    for (const monitor::Host* host : changes.hosts) {
        const std::string row = json::text(monitor::saved(*host));
        if (auto done = database_->run("INSERT INTO hosts VALUES(?, ?) ON CONFLICT DO UPDATE SET "
                                       "state = excluded.state",
                                       {host->key, row});
            !done)
            return done;
    }
    for (const monitor::Incident* incident : changes.incidents) {
        const std::string row = json::text(monitor::saved(*incident));
        if (auto done = database_->run("INSERT INTO incidents VALUES(?, ?) ON CONFLICT DO UPDATE "
                                       "SET state = excluded.state",
                                       {incident->id, row});
            !done)
            return done;
    }
    if (!changes.is_other_changed) return {};
    return database_->run(
        "INSERT INTO rest VALUES(1, ?) ON CONFLICT DO UPDATE SET state = excluded.state",
        {json::text(commit.rest)});
}

Result<void> SqliteStore::write_outbox(const Commit& commit) {
    for (const auto& entry : commit.outbox) {
        const std::string object = json::text(entry.object);
        if (auto done = database_->run(
                "INSERT INTO outbox(channel, key, subject, body, object) VALUES(?, ?, ?, ?, ?) ON "
                "CONFLICT DO NOTHING",
                {entry.channel, entry.idempotency_key, entry.subject, entry.body, object});
            !done)
            return done;
    }
    return {};
}

Result<void> SqliteStore::write_timeline(const std::vector<TimelineEntry>& entries) {
    for (const auto& entry : entries) {
        if (auto done = database_->run(
                "INSERT INTO timeline(at, cluster, node, incident, kind, text) VALUES(?, ?, ?, ?, "
                "?, ?)",
                {epoch_millis(entry.at),
                 entry.cluster,
                 entry.node,
                 entry.incident,
                 entry.kind,
                 entry.text});
            !done)
            return done;
    }
    return {};
}

Result<void> SqliteStore::clean_up() {
    const WallTime now = Wall::now();
    if (auto done = database_->run("DELETE FROM outbox WHERE finished_at < ?",
                                   {epoch_millis(now - known_kept)});
        !done)
        return done;
    return database_->run("DELETE FROM timeline WHERE at < ?", {epoch_millis(now - timeline_kept)});
}

Result<void> SqliteStore::commit(const Commit& commit) {
    const auto& changes = commit.changes;
    if (changes.hosts.empty() && changes.incidents.empty() && changes.forgotten_hosts.empty()
        && changes.closed_incidents.empty() && !changes.is_other_changed && commit.outbox.empty()
        && commit.timeline.empty())
        return {};
    auto transaction = database_->begin();
    if (!transaction) return fail(transaction.error());
    if (auto done = write_changes(commit); !done) return done;
    if (auto done = write_outbox(commit); !done) return done;
    if (auto done = write_timeline(commit.timeline); !done) return done;
    if (commits_++ % commits_between_cleanings == 0) {
        if (auto done = clean_up(); !done) return done;
    }
    return transaction->commit();
}

Result<std::vector<OutboxEntry>>
SqliteStore::outbox(const std::string& channel, WallTime now, std::size_t count_max) {
    std::vector<OutboxEntry> entries;
    // In their order: one that is put off holds up those after it, which may be of its incident.
    bool is_held_up = false;
    auto done = database_->run(
        "SELECT id, key, subject, body, object, attempts, is_begun, due FROM outbox WHERE channel "
        "= ? AND finished_at IS NULL ORDER BY id LIMIT ?",
        {channel, static_cast<std::int64_t>(count_max)},
        [&](const Row& row) {
            is_held_up = is_held_up || row.integer(7) > epoch_millis(now);
            if (is_held_up) return;
            entries.push_back({row.integer(0),
                               channel,
                               row.text(1),
                               row.text(2),
                               row.text(3),
                               json::parse_object(row.text_view(4)).value_or(json::Object{}),
                               static_cast<int>(row.integer(5)),
                               row.integer(6) != 0});
        });
    if (!done) return fail(done.error());
    return entries;
}

Result<void> SqliteStore::begin(const OutboxEntry& entry) {
    return database_->run("UPDATE outbox SET is_begun = 1 WHERE id = ?", {entry.id});
}

Result<void> SqliteStore::finish(const OutboxEntry& entry) {
    // The texts are of no use any more; the key is.
    return database_->run(
        "UPDATE outbox SET finished_at = ?, subject = '', body = '', object = '{}' WHERE id = ?",
        {epoch_millis(Wall::now()), entry.id});
}

Result<void> SqliteStore::postpone(const OutboxEntry& entry, WallTime until) {
    return database_->run("UPDATE outbox SET attempts = attempts + 1, due = ? WHERE id = ?",
                          {epoch_millis(until), entry.id});
}

Result<std::map<std::string, std::int64_t>> SqliteStore::outbox_sizes() {
    std::map<std::string, std::int64_t> sizes;
    auto done = database_->run(
        "SELECT channel, count(*) FROM outbox WHERE finished_at IS NULL GROUP BY channel",
        {},
        [&](const Row& row) { sizes[row.text(0)] = row.integer(1); });
    if (!done) return fail(done.error());
    return sizes;
}

Result<std::vector<TimelineEntry>> SqliteStore::timeline(const std::string& node,
                                                         std::size_t count_max) {
    std::vector<TimelineEntry> entries;
    const auto take = [&](const Row& row) {
        entries.push_back(
            {time_column(row, 0), row.text(1), row.text(2), row.text(3), row.text(4), row.text(5)});
    };
    const auto limit = static_cast<std::int64_t>(count_max);
    const auto done =
        node.empty()
            ? database_->run("SELECT at, cluster, node, incident, kind, text FROM timeline ORDER "
                             "BY id DESC LIMIT ?",
                             {limit},
                             take)
            : database_->run("SELECT at, cluster, node, incident, kind, text FROM timeline WHERE "
                             "node = ? ORDER BY id DESC LIMIT ?",
                             {node, limit},
                             take);
    if (!done) return fail(done.error());
    std::reverse(entries.begin(), entries.end());
    return entries;
}

Result<void> SqliteStore::add(const std::vector<TimelineEntry>& entries) {
    auto transaction = database_->begin();
    if (!transaction) return fail(transaction.error());
    if (auto done = write_timeline(entries); !done) return done;
    return transaction->commit();
}

} // namespace

Result<std::unique_ptr<Store>> open_sqlite_store(const Path& file) {
    auto database = Database::open(file,
                                   {"monitor's store",
                                    {tables},
                                    sqlite::Sync::every_commit,
                                    "open incidents are told of again, as new ones"});
    if (!database) return fail(database.error());
    return std::unique_ptr<Store>(std::make_unique<SqliteStore>(std::move(*database)));
}

} // namespace squall::watch
