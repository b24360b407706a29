#include "squall/doctor/collect.h"

#include "collect/archive_file.h"
#include "collect/log_copy.h"
#include "collect/logs.h"
#include "collect/sources.h"
#include "squall/base/printable.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"
#include "squall/doctor/looks.h"
#include "squall/doctor/proxy_secrets.h"
#include "squall/doctor/redact.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace squall::doctor {
namespace {

// Side by side: most of them wait for Docker, which may answer none.
constexpr std::size_t threads_max = 6;
constexpr Seconds hung_docker_max{5};

// Asks all sources and hands out what they have said, as it comes.
class Asking {
public:
    Asking(const Ground& ground, Seconds docker_max, Deadline deadline, const std::stop_token& stop)
        : sources_(all_sources(docker_max)), left_(sources_.size()) {
        for (std::size_t i = 0; i < threads_max; ++i)
            threads_.emplace_back(
                [this, &ground, deadline, stop] { work(ground, deadline, stop); });
    }

    Asking(const Asking&) = delete;
    Asking& operator=(const Asking&) = delete;

    ~Asking() {
        const std::lock_guard lock(mutex_);
        begun_ = sources_.size();
    }

    // Waits for the next answers; none: there are no more.
    [[nodiscard]] std::vector<Item> next() {
        std::unique_lock lock(mutex_);
        while (answers_.empty() && left_ > 0)
            changed_.wait(lock);
        return std::exchange(answers_, {});
    }

private:
    void work(const Ground& ground, Deadline deadline, const std::stop_token& stop) {
        std::unique_lock lock(mutex_);
        while (begun_ < sources_.size()) {
            const Source& source = sources_[begun_++];
            lock.unlock();
            auto items = source(ground, deadline, stop);
            lock.lock();
            for (Item& item : items)
                answers_.push_back(std::move(item));
            --left_;
            changed_.notify_all();
        }
    }

    std::vector<Source> sources_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t begun_ = 0;
    std::size_t left_;
    std::vector<Item> answers_;
    std::vector<std::jthread> threads_; // last: they end before what they use
};

// A Docker that has kept the checkup waiting is not given half a minute once more.
Seconds docker_max_of(const std::vector<Look>& looks) {
    const bool hangs = std::any_of(looks.begin(), looks.end(), [](const Look& look) {
        return std::any_of(look.signs.begin(), look.signs.end(), [](const Sign& sign) {
            return sign.cause == "DOCKER_UNRESPONSIVE";
        });
    });
    return hangs ? hung_docker_max : Seconds::max();
}

std::string instance_of(const CollectOptions& options, const Path& root) {
    std::string id = options.instance_id;
    if (id.empty())
        id = std::string(
            trimmed(read_file(root / "var/lib/cloud/data/instance-id", 256).value_or("")));
    const bool is_fine =
        !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
                   || c == '-';
        });
    return is_fine ? id : "unknown-instance";
}

// 202606301702, as AWS's collector names its archives.
std::string minute_of(WallTime time) {
    const std::string compact = compact_utc(time);
    return compact.substr(0, 8) + compact.substr(9, 4);
}

class Collecting {
public:
    Collecting(const CollectOptions& options,
               const Ground& ground,
               const Clock& clock,
               const std::stop_token& stop)
        : options_(options),
          ground_(ground),
          clock_(clock),
          stop_(stop),
          secrets_(secrets_of_host(ground.root)),
          deadline_(Deadline::in(options.time_max)) {}

    Result<CollectReport> collect();

private:
    Result<void> check_space();
    Result<void> add(const Item& item);
    Result<void> add_answers();
    Result<void> add_logs();
    Result<void> add_log(const HostLog& log);
    [[nodiscard]] Result<std::uint64_t> room() const;
    [[nodiscard]] std::string listing() const;
    [[nodiscard]] Result<void> still_wanted() const;

    [[nodiscard]] Path folder() const {
        return report_.file.has_parent_path() ? report_.file.parent_path() : Path(".");
    }

    [[nodiscard]] std::string in_archive(std::string_view name) const {
        return "collect/" + report_.instance_id + "/" + std::string(name);
    }

    const CollectOptions& options_;
    const Ground& ground_;
    const Clock& clock_;
    const std::stop_token& stop_;
    KnownSecrets secrets_;
    Deadline deadline_;
    CollectReport report_;
    std::optional<ArchiveFile> archive_;
    std::uint64_t log_bytes_left_ = 0;
};

// What may still be written without filling the disk.
Result<std::uint64_t> Collecting::room() const {
    const auto free = ground_.free_bytes(folder());
    if (!free) return fail(free.error());
    return *free - std::min(*free, options_.free_bytes_min);
}

Result<void> Collecting::check_space() {
    constexpr std::uint64_t least = std::uint64_t{16} << 20U;
    const auto space = room();
    if (!space) return fail(space.error());
    if (*space < least) {
        return fail(Errc::refused,
                    "{} has too little free space: {} MB more than the {} MB that stay free, and "
                    "{} MB are needed; name a file on another disk",
                    folder().string(),
                    *space >> 20U,
                    options_.free_bytes_min >> 20U,
                    least >> 20U);
    }
    // A log's copy and what is compressed of it may be there at the same time.
    log_bytes_left_ = std::min(options_.log_bytes_max, (*space - least) / 2 + least / 4);
    return {};
}

Result<void> Collecting::still_wanted() const {
    if (stop_.stop_requested())
        return fail(
            Errc::interrupted, "collecting was stopped; {} is removed", report_.file.string());
    return {};
}

Result<void> Collecting::add(const Item& item) {
    const std::string text = secrets_.without(item.text);
    report_.items.push_back(
        {item.name, text.size(), item.took, printable(secrets_.without(item.problem), 300)});
    if (text.empty() && !item.problem.empty()) return {};
    const auto space = room();
    if (!space || *space < text.size()) {
        report_.items.back().problem = "left out: the disk has no room";
        report_.items.back().bytes = 0;
        return {};
    }
    return archive_->add(in_archive(item.name), text, clock_.wall());
}

Result<void> Collecting::add_answers() {
    Asking asking(ground_, docker_max_of(options_.looks), deadline_, stop_);
    for (auto items = asking.next(); !items.empty(); items = asking.next()) {
        for (const Item& item : items)
            if (auto added = add(item); !added) return added;
    }
    return still_wanted();
}

Result<void> Collecting::add_log(const HostLog& log) {
    Collected collected{log.name};
    const SteadyTime begin = Steady::now();
    const std::uint64_t most = std::min(options_.log_file_max, log_bytes_left_);
    const auto space = room();
    Result<LogCopy> copy = fail(Errc::refused, "left out: the disk has no room");
    if (log.path.extension() == ".xz" || log.path.extension() == ".zst")
        copy =
            fail(Errc::refused, "left out: it is compressed, and secrets are looked for in text");
    else if (most == 0)
        copy = fail(Errc::refused, "left out: newer logs have taken all the room");
    else if (deadline_.passed())
        copy = fail(Errc::refused, "left out: the time was over");
    else if (space && *space >= 2 * std::min(most, log.size))
        copy = copy_log(log.path, most, folder(), secrets_);
    if (!copy) {
        collected.problem = printable(redacted(copy.error().message), 300);
        report_.items.push_back(std::move(collected));
        return {};
    }
    if (copy->skipped > 0)
        collected.problem = fmt::format("the first {} bytes are left out", copy->skipped);
    auto added = archive_->add_file(in_archive(log.name), copy->file.get(), copy->changed);
    log_bytes_left_ -= std::min(log_bytes_left_, copy->size);
    collected.bytes = copy->size;
    collected.took = std::chrono::duration_cast<Millis>(Steady::now() - begin);
    report_.items.push_back(std::move(collected));
    return added;
}

Result<void> Collecting::add_logs() {
    for (const HostLog& log : host_logs(ground_.root)) {
        if (auto wanted = still_wanted(); !wanted) return wanted;
        if (auto added = add_log(log); !added) return added;
    }
    return {};
}

std::string Collecting::listing() const {
    std::string text = fmt::format("Collected on {} at {}. Secrets are taken out.\n\n",
                                   report_.instance_id,
                                   rfc3339_seconds(clock_.wall()));
    for (const Collected& item : report_.items)
        text += fmt::format("{}: {} bytes, {} ms{}{}\n",
                            item.name,
                            item.bytes,
                            item.took.count(),
                            item.problem.empty() ? "" : ": ",
                            item.problem);
    return text;
}

Result<CollectReport> Collecting::collect() {
    report_.instance_id = instance_of(options_, ground_.root);
    report_.file = options_.output;
    if (report_.file.empty())
        report_.file = "collect-" + report_.instance_id + "-" + minute_of(clock_.wall()) + ".tgz";
    if (auto checked = check_space(); !checked) return fail(checked.error());
    auto archive = options_.output == "-" ? ArchiveFile::stream(STDOUT_FILENO)
                                          : ArchiveFile::create(report_.file);
    if (!archive) return fail(archive.error());
    archive_.emplace(std::move(*archive));

    if (auto added = add({"instance-id.txt", report_.instance_id + "\n"}); !added)
        return fail(added.error());
    if (auto added =
            add({"squall/looks.json", json::indented_text(looks_json(options_.looks)) + "\n"});
        !added)
        return fail(added.error());
    for (const Item& item : host_files(ground_.root))
        if (auto added = add(item); !added) return fail(added.error());
    if (auto added = add_answers(); !added) return fail(added.error());
    if (auto added = add_logs(); !added) return fail(added.error());
    if (auto added = archive_->add(in_archive("squall/collected.txt"), listing(), clock_.wall());
        !added)
        return fail(added.error());
    const auto size = archive_->finish();
    if (!size) return fail(size.error());
    report_.bytes = *size;
    return std::move(report_);
}

} // namespace

Ground this_host() {
    const auto free_bytes = [](const Path& folder) -> Result<std::uint64_t> {
        struct statvfs status {};

        if (::statvfs(folder.c_str(), &status) != 0)
            return fail(Errc::failed,
                        "asking for the free space of {}: {}",
                        folder.string(),
                        errno_text(errno));
        return std::uint64_t{status.f_bavail} * status.f_frsize;
    };
    return {"/",
            [](const Command& command, Deadline deadline, std::stop_token stop) {
                return run(command, deadline, std::move(stop));
            },
            free_bytes};
}

Result<CollectReport> collect(const CollectOptions& options,
                              const Ground& ground,
                              const Clock& clock,
                              const std::stop_token& stop) {
    return Collecting(options, ground, clock, stop).collect();
}

} // namespace squall::doctor
