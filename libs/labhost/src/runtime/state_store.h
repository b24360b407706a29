// What is known of the containers on disk, one folder for each: CONTAINERS/ID/config.json and the
// log. Saved before anything is done that a later start would have to undo.
#pragma once

#include "runtime/container.h"

namespace squall::labhost::runtime {

class StateStore {
public:
    explicit StateStore(Path folder) : folder_(std::move(folder)) {}

    // Replaces what was saved of this container, in one step and synced. Holds secrets (its
    // environment): readable by root only.
    [[nodiscard]] Result<void> save(const Container& container) const;
    // Takes the container's folder away, with its log.
    [[nodiscard]] Result<void> remove(const std::string& id) const;
    // Everything that can be read, oldest first. What cannot is logged and left as it is.
    [[nodiscard]] std::vector<StoredContainer> load() const;

    [[nodiscard]] Path log_path(const std::string& id) const;

private:
    Path folder_;
};

} // namespace squall::labhost::runtime
