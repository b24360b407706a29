#include "init/unit_folder.h"

#include "init/unit_name.h"
#include "squall/base/text.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>

namespace squall::labhost::init {
namespace {

constexpr std::string_view units_folder = "/etc/systemd/system";
constexpr std::string_view transient_folder = "/run/systemd/transient";

// Entries of a folder, sorted; none where it cannot be read.
std::vector<std::string> entries_of(const Path& folder) {
    std::vector<std::string> names;
    std::error_code error;
    for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end;
         at.increment(error))
        names.push_back(at->path().filename());
    std::sort(names.begin(), names.end());
    return names;
}

bool is_link_or_file(const Path& path) {
    struct stat info {};

    return ::lstat(path.c_str(), &info) == 0;
}

bool is_readable_file(const Path& path) {
    struct stat info {};

    return ::stat(path.c_str(), &info) == 0 && !S_ISDIR(info.st_mode);
}

std::string stamp_of(const Path& path) {
    struct stat info {};

    if (::stat(path.c_str(), &info) != 0) return "-";
    return fmt::format(
        "{}:{}.{}:{}", path.string(), info.st_mtim.tv_sec, info.st_mtim.tv_nsec, info.st_size);
}

std::string joined(std::string_view folder, std::string_view name) {
    return fmt::format("{}/{}", folder, name);
}

} // namespace

Path UnitFolder::under_root(std::string_view path) const {
    return root_.string() + std::string(path);
}

std::string UnitFolder::fragment(const std::string& name) const {
    for (const std::string& candidate : {name, template_of(name)}) {
        if (candidate.empty()) continue;
        for (const std::string_view folder : {units_folder, transient_folder})
            if (is_readable_file(under_root(joined(folder, candidate))))
                return joined(folder, candidate);
    }
    return {};
}

std::vector<std::string> UnitFolder::drop_ins(const std::string& name) const {
    // By file name over all folders; the first folder that has a name wins it.
    std::map<std::string, std::string> found;
    for (const std::string_view folder : {units_folder, transient_folder}) {
        for (const std::string& owner : {name, template_of(name)}) {
            if (owner.empty()) continue;
            const std::string drop_in_folder = joined(folder, owner + ".d");
            for (const std::string& entry : entries_of(under_root(drop_in_folder)))
                if (entry.ends_with(".conf")) found.emplace(entry, joined(drop_in_folder, entry));
        }
    }
    std::vector<std::string> paths;
    paths.reserve(found.size());
    for (const auto& [entry, path] : found)
        paths.push_back(path);
    return paths;
}

Result<std::vector<UnitFile>> UnitFolder::files(const std::string& name) const {
    const std::string own = fragment(name);
    if (own.empty()) return fail(Errc::not_found, "Unit {} not found.", name);
    std::vector<std::string> paths = drop_ins(name);
    paths.insert(paths.begin(), own);
    std::vector<UnitFile> files;
    for (const std::string& path : paths) {
        auto text = read_file(under_root(path), unit_text_max);
        if (!text) return fail(std::move(text.error()));
        files.push_back({path, std::move(*text)});
    }
    return files;
}

Result<LoadedUnit> UnitFolder::load(const std::string& name) {
    if (!is_valid_unit_name(name) || is_milestone(name))
        return fail(Errc::not_found, "Unit {} not found.", name);
    const auto read = files(name);
    if (!read) return fail(read.error());
    LoadedUnit loaded;
    loaded.settings = parse_unit(name, *read);
    loaded.fragment = read->front().path;
    loaded.is_transient = loaded.fragment.starts_with(transient_folder);
    for (const UnitFile& file : *read) {
        if (&file != &read->front()) loaded.drop_ins.push_back(file.path);
        loaded.fingerprint += stamp_of(under_root(file.path)) + "\n";
    }
    return loaded;
}

std::vector<std::string> UnitFolder::wants_folders() const {
    std::vector<std::string> folders;
    for (const std::string& entry : entries_of(under_root(units_folder)))
        if (entry.ends_with(".wants")) folders.push_back(joined(units_folder, entry));
    return folders;
}

std::vector<std::string> UnitFolder::enabled() {
    std::vector<std::string> names;
    for (const std::string& folder : wants_folders())
        for (const std::string& entry : entries_of(under_root(folder)))
            if (is_valid_unit_name(entry) && !is_milestone(entry)
                && std::find(names.begin(), names.end(), entry) == names.end())
                names.push_back(entry);
    return names;
}

Result<void> UnitFolder::write_transient(const std::string& name, const std::string& text) {
    if (auto made = make_directories(under_root(transient_folder)); !made) return made;
    return write_file(under_root(joined(transient_folder, name)), text);
}

void UnitFolder::remove_transient(const std::string& name) {
    ::unlink(under_root(joined(transient_folder, name)).c_str());
}

void UnitFolder::remove_all_transient() {
    for (const std::string& entry : entries_of(under_root(transient_folder)))
        remove_transient(entry);
}

std::string UnitFolder::file_state(const std::string& name) {
    const std::string own = fragment(name);
    if (own.empty()) return "";
    if (own.starts_with(transient_folder)) return "transient";
    const auto wanted = enabled();
    if (std::find(wanted.begin(), wanted.end(), name) != wanted.end()) return "enabled";
    const auto loaded = load(name);
    return loaded && !loaded->settings.wanted_by.empty() ? "disabled" : "static";
}

std::vector<std::pair<std::string, std::string>> UnitFolder::list() {
    std::vector<std::pair<std::string, std::string>> units;
    for (const std::string& entry : entries_of(under_root(units_folder)))
        if (is_valid_unit_name(entry) && !is_milestone(entry)
            && is_readable_file(under_root(joined(units_folder, entry))))
            units.emplace_back(entry, file_state(entry));
    return units;
}

Result<std::vector<LinkChange>> UnitFolder::enable(const std::string& name) {
    const auto loaded = load(name);
    if (!loaded) return fail(Errc::not_found, "Unit file {} does not exist.", name);
    if (loaded->is_transient)
        return fail(Errc::refused, "Unit {} is transient or generated.", loaded->fragment);
    std::vector<LinkChange> changes;
    for (const std::string& target : loaded->settings.wanted_by) {
        const std::string folder = joined(units_folder, target + ".wants");
        const std::string link = joined(folder, name);
        if (is_link_or_file(under_root(link))) continue;
        if (auto made = make_directories(under_root(folder)); !made)
            return fail(std::move(made.error()));
        if (::symlink(loaded->fragment.c_str(), under_root(link).c_str()) != 0)
            return fail(Errc::failed, "making the link {}: {}", link, errno_text(errno));
        changes.push_back({true, link, loaded->fragment});
    }
    return changes;
}

Result<std::vector<LinkChange>> UnitFolder::disable(const std::string& name) {
    std::vector<LinkChange> changes;
    for (const std::string& folder : wants_folders()) {
        const std::string link = joined(folder, name);
        if (!is_link_or_file(under_root(link))) continue;
        if (::unlink(under_root(link).c_str()) != 0)
            return fail(Errc::failed, "removing the link {}: {}", link, errno_text(errno));
        changes.push_back({false, link, ""});
    }
    if (changes.empty() && fragment(name).empty())
        return fail(Errc::not_found, "Unit file {} does not exist.", name);
    return changes;
}

} // namespace squall::labhost::init
