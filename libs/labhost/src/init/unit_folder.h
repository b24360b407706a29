// The unit files of a host, on disk:
//   /etc/systemd/system/NAME         units, and NAME.d/*.conf drop-ins for them
//   /run/systemd/transient/NAME      transient units, in the same form
//   /etc/systemd/system/*.wants/NAME links: the unit is enabled
// "foo@x.service" is read from foo@.service where it has no file of its own. Paths in results and
// messages are the host's own, without the root folder that they are found under.
#pragma once

#include "init/unit_source.h"
#include "squall/base/file.h"

#include <string>
#include <utility>
#include <vector>

namespace squall::labhost::init {

// A link that was made or removed by enable and disable.
struct LinkChange {
    bool made = false;
    std::string path;
    std::string target; // of a link that was made
};

class UnitFolder final : public UnitSource {
public:
    // `root` is put in front of every path; empty for the machine's own.
    explicit UnitFolder(Path root) : root_(std::move(root)) {}

    Result<LoadedUnit> load(const std::string& name) override;
    std::vector<std::string> enabled() override;
    void remove_transient(const std::string& name) override;

    [[nodiscard]] Result<void> write_transient(const std::string& name, const std::string& text);
    // What a boot does to /run.
    void remove_all_transient();

    // The files of a unit, fragment first: `systemctl cat`.
    [[nodiscard]] Result<std::vector<UnitFile>> files(const std::string& name) const;
    // "enabled", "disabled", "static", "transient"; empty where there is no such file.
    [[nodiscard]] std::string file_state(const std::string& name);
    // Every unit file with its state, by name. Transient ones are not listed, as in systemd.
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> list();

    // Makes the links that [Install] asks for; what is there already stays. A unit without
    // [Install] is no error: nothing changes.
    [[nodiscard]] Result<std::vector<LinkChange>> enable(const std::string& name);
    // Removes every link of that name.
    [[nodiscard]] Result<std::vector<LinkChange>> disable(const std::string& name);

private:
    [[nodiscard]] Path under_root(std::string_view path) const;
    [[nodiscard]] std::vector<std::string> wants_folders() const;
    [[nodiscard]] std::vector<std::string> drop_ins(const std::string& name) const;
    [[nodiscard]] std::string fragment(const std::string& name) const;

    Path root_;
};

} // namespace squall::labhost::init
