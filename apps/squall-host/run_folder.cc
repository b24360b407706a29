#include "run_folder.h"

#include "control.h"

#include <algorithm>

namespace squall::host_app {
namespace {

const Path top = "/var/run/squall/proxy";
constexpr std::size_t run_size_max = 40;

std::vector<Path> entries_of(const Path& folder) {
    std::vector<Path> entries;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error))
        entries.push_back(entry.path());
    std::sort(entries.begin(), entries.end());
    return entries;
}

} // namespace

Path ProxyPlace::socket() const { return top / run / (name + ".sock"); }

Path ProxyPlace::record() const { return top / run / (name + ".json"); }

std::vector<ProxyPlace> places(const std::string& run) {
    std::vector<ProxyPlace> found;
    for (const Path& folder : run.empty() ? entries_of(top) : std::vector<Path>{top / run}) {
        for (const Path& entry : entries_of(folder)) {
            const auto kind = entry.extension();
            ProxyPlace place{folder.filename().string(), entry.stem().string()};
            if (kind == ".sock" || (kind == ".json" && !std::filesystem::exists(place.socket())))
                found.push_back(std::move(place));
        }
    }
    return found;
}

CanaryFiles canary_files(const std::string& run) {
    return {top / run / "canary", top / run / "canary-during"};
}

bool is_run(const std::string& text) {
    return !text.empty() && text.size() <= run_size_max
           && text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
}

void forget(const std::string& run) {
    if (!is_run(run)) return;
    std::error_code error;
    constexpr Millis patience{200};
    for (const ProxyPlace& place : places(run)) {
        if (ask(place.socket(), "status", patience)) continue; // it lives
        std::filesystem::remove(place.socket(), error);
        std::filesystem::remove(place.record(), error);
    }
    const CanaryFiles canary = canary_files(run);
    if (places(run).empty()) {
        std::filesystem::remove(canary.record, error);
        std::filesystem::remove(canary.during, error);
    }
    std::filesystem::remove(top / run, error); // if it is empty
}

} // namespace squall::host_app
