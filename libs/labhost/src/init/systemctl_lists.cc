#include "init/systemctl.h"
#include "init/time_span.h"
#include "init/unit_name.h"
#include "squall/base/text.h"

#include <fnmatch.h>

#include <algorithm>
#include <cstdio>

namespace squall::labhost::init {
namespace {

using Row = std::vector<std::string>;

// Characters, not bytes: what a column's width is counted in.
std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    }));
}

// Columns as wide as their widest cell; the last one ends where it ends.
void print_table(const std::vector<Row>& rows) {
    if (rows.empty()) return;
    std::vector<std::size_t> widths(rows.front().size());
    for (const Row& row : rows)
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], width_of(row[i]));
    for (const Row& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            line += row[i];
            if (i + 1 < row.size()) line += std::string(widths[i] - width_of(row[i]) + 1, ' ');
        }
        fmt::print("{}\n", line);
    }
}

bool matches(const Systemctl& call, std::string_view name) {
    if (const auto type = call.given.value("type")) {
        const auto types = split(*type, ',');
        const std::string own(suffix_of(name).substr(1));
        if (std::find(types.begin(), types.end(), own) == types.end()) return false;
    }
    return call.words.empty()
           || std::any_of(call.words.begin(), call.words.end(), [&](const std::string& pattern) {
                  return ::fnmatch(mangled(pattern).c_str(), std::string(name).c_str(), 0) == 0
                         || ::fnmatch(pattern.c_str(), std::string(name).c_str(), 0) == 0;
              });
}

bool is_wanted_unit(const Systemctl& call, const json::Value& unit) {
    const std::string_view active = json::string_at(unit, "active_state");
    if (!matches(call, json::string_at(unit, "id"))) return false;
    auto states = split(call.given.value("state").value_or(""), ',');
    if (call.given.has("failed")) states.emplace_back("failed");
    std::erase(states, "");
    if (!states.empty()) {
        return std::any_of(states.begin(), states.end(), [&](const std::string& state) {
            return state == active || state == json::string_at(unit, "sub_state")
                   || state == json::string_at(unit, "load_state");
        });
    }
    return call.given.has("all") || active != "inactive" || !json::at(unit, "job").is_null();
}

constexpr std::string_view units_legend =
    "\nLOAD   = Reflects whether the unit definition was properly loaded.\n"
    "ACTIVE = The high-level unit activation state, i.e. generalization of SUB.\n"
    "SUB    = The low-level unit activation state, values depend on unit type.\n";

// For timers: the moment and how far it is, or dashes.
std::pair<std::string, std::string> moment(std::int64_t micros, WallTime now) {
    if (micros == 0) return {"-", "-"};
    const WallTime when = wall_from_micros(micros);
    return {timestamp_text(when), relative_text(when, now)};
}

} // namespace

int run_list_units(Systemctl& call) {
    const auto units = call.client.units();
    if (!units) return complain(units.error().message);
    const bool has_legend = !call.given.has("no-legend") && !call.is_quiet();
    const bool is_plain = call.given.has("plain");
    std::vector<Row> rows;
    const auto add = [&](std::string_view dot, Row row) {
        if (!is_plain) row.front() = fmt::format("{} {}", dot, row.front());
        rows.push_back(std::move(row));
    };
    if (has_legend) add(" ", {"UNIT", "LOAD", "ACTIVE", "SUB", "DESCRIPTION"});
    std::size_t count = 0;
    for (const json::Value& unit : *units) {
        if (!is_wanted_unit(call, unit)) continue;
        ++count;
        const std::string active(json::string_at(unit, "active_state"));
        const std::string load(json::string_at(unit, "load_state"));
        add(active == "failed" || load != "loaded" ? "●" : " ",
            {std::string(json::string_at(unit, "id")),
             load,
             active,
             std::string(json::string_at(unit, "sub_state")),
             std::string(json::string_at(unit, "description"))});
    }
    print_table(rows);
    if (!has_legend) return 0;
    if (count > 0) fmt::print("{}", units_legend);
    const bool has_filter =
        call.given.has("all") || call.given.has("state") || call.given.has("failed");
    fmt::print("{} loaded units listed.{}\n",
               count,
               has_filter ? "" : " Pass --all to see loaded but inactive units, too.");
    if (!call.given.has("failed") && !call.given.has("state"))
        fmt::print("To show all installed unit files use 'systemctl list-unit-files'.\n");
    return 0;
}

int run_list_timers(Systemctl& call) {
    const auto units = call.client.units();
    if (!units) return complain(units.error().message);
    const WallTime now = Wall::now();
    const bool has_legend = !call.given.has("no-legend") && !call.is_quiet();
    std::vector<std::pair<std::int64_t, Row>> timers;
    for (const json::Value& unit : *units) {
        const auto& timer = json::object_at(unit, "timer");
        const bool is_shown =
            call.given.has("all") || json::string_at(unit, "active_state") == "active";
        if (timer.empty() || !is_shown || !matches(call, json::string_at(unit, "id"))) continue;
        const std::int64_t next = json::integer_at(timer, "next_wall");
        const auto [at, left] = moment(next, now);
        const auto [last, passed] = moment(json::integer_at(timer, "last_trigger"), now);
        // What has no next time comes last.
        timers.push_back({next == 0 ? std::numeric_limits<std::int64_t>::max() : next,
                          {at,
                           left,
                           last,
                           passed,
                           std::string(json::string_at(unit, "id")),
                           std::string(json::string_at(timer, "unit"))}});
    }
    std::sort(timers.begin(), timers.end());
    std::vector<Row> rows;
    if (has_legend) rows.push_back({"NEXT", "LEFT", "LAST", "PASSED", "UNIT", "ACTIVATES"});
    for (const auto& [next, row] : timers)
        rows.push_back(row);
    print_table(rows);
    if (!has_legend) return 0;
    fmt::print("\n{} timers listed.\n", timers.size());
    if (!call.given.has("all")) fmt::print("Pass --all to see loaded but inactive timers, too.\n");
    return 0;
}

int run_list_unit_files(Systemctl& call) {
    const auto answer = call.client.get("/v1/unit-files");
    if (!answer) return complain(answer.error().message);
    const bool has_legend = !call.given.has("no-legend") && !call.is_quiet();
    std::vector<Row> rows;
    if (has_legend) rows.push_back({"UNIT FILE", "STATE", "PRESET"});
    std::size_t count = 0;
    for (const json::Value& file : json::array_at(*answer, "files")) {
        const std::string name(json::string_at(file, "name"));
        const std::string state(json::string_at(file, "state"));
        const auto wanted = split(call.given.value("state").value_or(state), ',');
        if (!matches(call, name) || std::find(wanted.begin(), wanted.end(), state) == wanted.end())
            continue;
        ++count;
        rows.push_back({name, state, has_preset(state) ? "disabled" : "-"});
    }
    print_table(rows);
    if (has_legend) fmt::print("\n{} unit files listed.\n", count);
    return count == 0 && !call.words.empty() ? 1 : 0;
}

int run_list_jobs(Systemctl& call) {
    const auto units = call.client.units();
    if (!units) return complain(units.error().message);
    std::vector<Row> rows{{"JOB", "UNIT", "TYPE", "STATE"}};
    for (const json::Value& unit : *units) {
        const auto& job = json::object_at(unit, "job");
        if (job.empty() || !matches(call, json::string_at(unit, "id"))) continue;
        rows.push_back({std::to_string(json::integer_at(job, "id")),
                        std::string(json::string_at(unit, "id")),
                        std::string(json::string_at(job, "type")),
                        json::bool_at(job, "is_running") ? "running" : "waiting"});
    }
    if (rows.size() == 1) {
        fmt::print("No jobs running.\n");
        return 0;
    }
    const std::size_t count = rows.size() - 1;
    print_table(rows);
    fmt::print("\n{} jobs listed.\n", count);
    return 0;
}

} // namespace squall::labhost::init
