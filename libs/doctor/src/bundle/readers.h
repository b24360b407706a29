// One reader for each kind of file in an archive, and those that hold several against each other.
// They say what is in the file and no more: a file that they do not understand is nothing to them.
#pragma once

#include "squall/doctor/bundle_evidence.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace squall::doctor {

struct TextLine {
    std::string_view text;
    std::uint64_t number = 0;
};

[[nodiscard]] std::vector<TextLine> lines_of(const TextFile& file);
[[nodiscard]] std::vector<std::string_view> words_of(std::string_view line);
// Without secrets, printable, cut.
[[nodiscard]] Evidence evidence_at(const TextFile& file, const TextLine& line);
[[nodiscard]] Look healthy(std::string check, std::string summary);
[[nodiscard]] Look finding(std::string check, std::string summary, std::vector<Sign> signs);

[[nodiscard]] std::optional<Look> look_at_config(const TextFile& file);
// Of an agent that is not registered only.
[[nodiscard]] std::optional<Look> look_at_introspection(const TextFile& file);
[[nodiscard]] std::optional<Look> look_at_docker_not_running(const TextFile& file);
[[nodiscard]] std::optional<Look> look_at_docker_info(const TextFile& file);
[[nodiscard]] std::optional<Look> look_at_inspect_timed_out(const TextFile& file);
[[nodiscard]] std::optional<Look> look_at_agent_not_running(const TextFile& file);
// These two of the agent's container only. That it runs is told by none but its own account.
[[nodiscard]] std::optional<Look> look_at_docker_ps(const TextFile& file);
[[nodiscard]] std::optional<Look> look_at_container(const TextFile& file);
// systemctl list-units, and systemctl show.
[[nodiscard]] std::optional<Look> look_at_services(const TextFile& file);
[[nodiscard]] std::optional<Look> look_at_disks(const TextFile& file);
[[nodiscard]] std::optional<Look> look_at_open_files(const TextFile& file);
[[nodiscard]] std::optional<Look> look_at_file_table(const TextFile& file);
[[nodiscard]] std::optional<Look> look_at_top(const TextFile& file);
[[nodiscard]] std::optional<Look> look_at_memory(const TextFile& file);
[[nodiscard]] std::optional<Look> look_at_processes(const TextFile& file);

// By their names in an archive: "services.txt".
using TextFiles = std::map<std::string, TextFile, std::less<>>;

// What the agent has saved of itself, held against its settings and the archive's own instance.
[[nodiscard]] std::optional<Look> look_at_saved_state(const TextFiles& files);
// A service of the agent that waits to be started, and who waits for that.
[[nodiscard]] std::optional<Look> look_at_waiting_start(const TextFiles& files);
// Where it runs; nothing where it does not, or where the list of services does not say.
[[nodiscard]] std::optional<Look> look_at_running_service(const TextFiles& files);

} // namespace squall::doctor
