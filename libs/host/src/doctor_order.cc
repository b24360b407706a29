#include "squall/host/doctor_order.h"

#include "squall/base/subprocess.h"
#include "squall/base/text.h"
#include "squall/doctor/bundle_case.h"
#include "squall/doctor/collect.h"
#include "squall/doctor/log_files.h"
#include "squall/doctor/looks.h"
#include "squall/doctor/proxy_secrets.h"
#include "squall/host/checkup.h"

#include <unistd.h>

#include <algorithm>
#include <array>

namespace squall::host {
namespace {

constexpr std::size_t catalogue_max = 4U << 20U;
constexpr Seconds journal_max{3};
constexpr std::uint64_t whole = ~std::uint64_t{0};

std::string host_name() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "this host";
}

Result<doctor::Case> bundle_case(const std::string& file, doctor::Scanner& scanner) {
    if (file == "-") {
        const auto bytes = doctor::decompressed(doctor::source_of(STDIN_FILENO));
        return doctor::read_case(*bytes, scanner, Wall::now());
    }
    std::error_code error;
    if (std::filesystem::is_directory(file, error))
        return fail(Errc::invalid_input, "{0} is a folder: `--log {0}` reads the logs in it", file);
    auto opened = doctor::open_log(file, whole);
    if (!opened) return fail(opened.error());
    auto read = doctor::read_case(*opened->bytes, scanner, Wall::now());
    if (!read) return fail("reading the archive " + file, read.error());
    return read;
}

// Of a folder, the logs in it.
std::vector<Path> files_of(const std::vector<std::string>& named) {
    std::vector<Path> files;
    for (const std::string& name : named) {
        std::error_code error;
        if (name == "-" || !std::filesystem::is_directory(name, error)) {
            files.emplace_back(name);
            continue;
        }
        std::vector<Path> inside;
        for (const auto& entry : std::filesystem::directory_iterator(name, error)) {
            const auto kind = doctor::log_name(entry.path().string()).kind;
            if (entry.is_regular_file(error) && kind != doctor::LogKind::unknown
                && kind != doctor::LogKind::other)
                inside.push_back(entry.path());
        }
        std::sort(inside.begin(), inside.end());
        if (inside.empty()) inside.emplace_back(name); // what is wrong with it is said
        files.insert(files.end(), inside.begin(), inside.end());
    }
    return files;
}

Result<doctor::Case> logs_case(const DoctorOrder& order, doctor::Scanner& scanner) {
    const doctor::ReadLimits limits =
        order.reads_whole ? doctor::ReadLimits{whole, whole} : doctor::ReadLimits{};
    auto read = doctor::read_logs(scanner, files_of(order.logs), limits);
    if (read.logs.empty() && !read.unread.empty())
        return fail(Errc::not_found, "{}", read.unread.front().summary);
    return doctor::Case{std::move(read.logs), std::move(read.unread), Wall::now()};
}

bool show_no_agent(const std::vector<doctor::Look>& looks) {
    return looks.size() == 1 && is_without_agent(looks.front());
}

Error no_agent(const doctor::Look& look) {
    return {Errc::not_found,
            look.summary
                + ". From a workstation: `squall doctor --cluster CLUSTER`; of what was collected "
                  "elsewhere: --log FILE, --bundle FILE"};
}

// For programs a diagnosis all the same.
Result<DoctorAnswer> answer_without_agent(const DoctorOrder& order, doctor::Look look) {
    if (!order.json) return fail(no_agent(look));
    look.state = doctor::Look::State::could_not_look;
    look.how = "squall doctor --cluster CLUSTER";
    const doctor::Diagnosis diagnosis{doctor::Verdict::unknown, {}, {}, {std::move(look)}};
    return DoctorAnswer{json::text(diagnosis.to_json()) + "\n", diagnosis.exit_code()};
}

doctor::Case host_case(doctor::Scanner& scanner, std::vector<doctor::Look> looks) {
    auto read = doctor::read_logs(scanner, doctor::logs_to_read("/"));
    // What only the journal has.
    const auto journal = run(
        {{"journalctl", "--no-pager", "-n", "1000", "-o", "short-iso", "-u", "docker", "-u", "ecs"},
         {},
         {},
         {}},
        Deadline::in(journal_max));
    if (journal && journal->exit_code == 0) {
        const auto bytes = doctor::source_of_text(journal->output);
        read.logs.push_back(
            scanner.scan("journalctl -u docker -u ecs", *bytes, 0, {doctor::LogKind::system, ""}));
    }
    looks.insert(looks.end(), read.unread.begin(), read.unread.end());
    return {std::move(read.logs), std::move(looks), Wall::now()};
}

std::string subject_of(const DoctorOrder& order) {
    const auto named = [](const std::string& file) {
        return file == "-" ? std::string("standard input") : file;
    };
    if (!order.bundle.empty()) return named(order.bundle);
    if (order.logs.empty()) return host_name();
    return order.logs.size() == 1 ? named(order.logs.front())
                                  : fmt::format("{} log files", order.logs.size());
}

// As the metadata service says: cloud-init need not have written it down.
std::string instance_of(const std::vector<doctor::Look>& looks) {
    doctor::Names names;
    for (const doctor::Look& look : looks)
        names.learn(look.names);
    return names.instance;
}

// What was looked at, and nothing concluded.
DoctorAnswer looks_alone() {
    const auto looks = check_up_apart();
    const bool has_finding = std::any_of(looks.begin(), looks.end(), [](const doctor::Look& look) {
        return look.state == doctor::Look::State::finding;
    });
    return {doctor::secrets_of_host("/").without(
                json::text(json::Object{{"looks", doctor::looks_json(looks)}}) + "\n"),
            has_finding ? 1 : 0};
}

// Whoever is not root is kept from most of it: one line for all then, the reasons in the archive.
std::string what_is_missing(const std::vector<doctor::Collected>& items) {
    constexpr std::size_t lines_max = 6;
    std::vector<std::string> names;
    std::string text;
    for (const auto& item : items) {
        if (item.problem.empty()) continue;
        names.push_back(item.name);
        text += fmt::format("not there, or not whole: {}: {}\n", item.name, item.problem);
    }
    if (names.size() <= lines_max) return text;
    return fmt::format("{} are not there, or not whole: {} (squall/collected.txt in the archive "
                       "says why)\n",
                       names.size(),
                       join(names, ", "));
}

} // namespace

Result<doctor::Catalogue> catalogue_with(const std::vector<std::string>& files) {
    auto catalogue = doctor::Catalogue::embedded();
    if (!catalogue) return catalogue;
    for (const std::string& file : files) {
        const auto text = read_file(file, catalogue_max);
        if (!text) return fail(Errc::invalid_input, "{}", text.error().message);
        if (auto added = catalogue->add(*text, file); !added) return fail(added.error());
    }
    return catalogue;
}

Result<DoctorAnswer>
examine(const DoctorOrder& order, const doctor::Catalogue& catalogue, doctor::ReportStyle style) {
    if (order.only_looks) return looks_alone();
    auto scanner = doctor::Scanner::make(catalogue, Wall::now());
    if (!scanner) return fail(scanner.error());
    const bool is_of_host = order.bundle.empty() && order.logs.empty();
    std::vector<doctor::Look> looks;
    if (is_of_host) looks = check_up_apart();
    if (show_no_agent(looks)) return answer_without_agent(order, std::move(looks.front()));
    auto evidence = !order.bundle.empty() ? bundle_case(order.bundle, *scanner)
                    : !order.logs.empty()
                        ? logs_case(order, *scanner)
                        : Result<doctor::Case>(host_case(*scanner, std::move(looks)));
    if (!evidence) return fail(evidence.error());
    const auto diagnosis = doctor::diagnose(catalogue, std::move(*evidence));
    std::string text = order.json ? json::text(diagnosis.to_json()) + "\n"
                                  : doctor::report_text(diagnosis, subject_of(order), style);
    // What programs have made of a proxy's password, and complained of in their logs.
    if (is_of_host) text = doctor::secrets_of_host("/").without(std::move(text));
    return DoctorAnswer{std::move(text), diagnosis.exit_code()};
}

Result<std::string> collect_evidence(const Path& output, const std::stop_token& stop) {
    const bool is_piped = output == "-";
    if (is_piped && ::isatty(STDOUT_FILENO) == 1)
        return fail(Errc::invalid_input,
                    "an archive is not for a terminal: name a file, or send it on, as in `ssh HOST "
                    "squall-host doctor collect -o - > FILE.tgz`");
    doctor::CollectOptions options;
    options.output = output;
    options.looks = check_up_apart();
    if (show_no_agent(options.looks)) return fail(no_agent(options.looks.front()));
    options.instance_id = instance_of(options.looks);
    const SystemClock clock;
    const auto report = doctor::collect(options, doctor::this_host(), clock, stop);
    if (!report) return fail(report.error());
    const std::string name = is_piped ? "FILE" : report->file.string();
    std::string text = fmt::format("{}  {} bytes, secrets taken out\n"
                                   "`squall doctor --bundle {}` says what it shows\n",
                                   is_piped ? "standard output" : name,
                                   report->bytes,
                                   name);
    if (::geteuid() != 0)
        text +=
            "not as root: what nobody else may read is not in it (`sudo squall doctor collect`)\n";
    return text + what_is_missing(report->items);
}

} // namespace squall::host
