// What a collector's archive says beside its logs: settings, states of services and containers,
// disks, open files. An archive of ours also has what the live checks found on its host.
#pragma once

#include "squall/doctor/bundle.h"
#include "squall/doctor/finding.h"

#include <map>
#include <string>

namespace squall::doctor {

struct TextFile {
    std::string path; // as people are told it
    std::string text;
};

class BundleEvidence {
public:
    // Takes the member where it is one of those that are read here; false: it is left as it was (a
    // log, or nothing of interest).
    [[nodiscard]] bool take(const Member& member, ByteSource& bytes);

    // One look for each thing that the files speak of. Those of the host's own checks come first,
    // and stand for the files that speak of the same.
    [[nodiscard]] std::vector<Look> looks() &&;

private:
    void add(Look look);
    void look_at_several();

    std::vector<Look> of_host_;
    std::vector<Look> of_files_;
    // By their names: those that say more when they are held against each other.
    std::map<std::string, TextFile, std::less<>> together_;
};

} // namespace squall::doctor
