// Where units come from. The real one reads folders (unit_folder.h); tests have texts in memory.
#pragma once

#include "init/unit_settings.h"
#include "squall/base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace squall::labhost::init {

struct LoadedUnit {
    UnitSettings settings;
    std::string fragment; // the path of the unit's own file
    std::vector<std::string> drop_ins;
    std::string fingerprint; // differs when a file has changed on disk
    bool is_transient = false;
};

class UnitSource {
public:
    UnitSource() = default;
    UnitSource(const UnitSource&) = delete;
    UnitSource& operator=(const UnitSource&) = delete;
    virtual ~UnitSource() = default;

    // not_found where no file has this unit. `name` is valid and names a service or a timer.
    [[nodiscard]] virtual Result<LoadedUnit> load(const std::string& name) = 0;
    // What is to run after boot, in no particular order.
    [[nodiscard]] virtual std::vector<std::string> enabled() = 0;
    // A transient unit is over: forget its file.
    virtual void remove_transient(const std::string& name) = 0;
};

} // namespace squall::labhost::init
