#include "squall/doctor/catalogue.h"

#include "catalogue/catalogue_reader.h"

#include <algorithm>

namespace squall::doctor {

std::string_view embedded_catalogue();

Result<Catalogue> Catalogue::embedded() {
    Catalogue catalogue;
    if (auto added = catalogue.add(embedded_catalogue(), "causes.yaml"); !added)
        return fail(added.error());
    return catalogue;
}

Result<void> Catalogue::add(std::string_view yaml, std::string_view file_name) {
    // What is wrong half-way down must leave nothing behind.
    Catalogue extended = *this;
    if (auto read = CatalogueReader(extended, file_name).read(yaml); !read) return read;
    *this = std::move(extended);
    return {};
}

std::optional<std::size_t> Catalogue::index_of(std::string_view id) const {
    const auto found = std::find_if(
        causes_.begin(), causes_.end(), [&](const Cause& cause) { return cause.id == id; });
    if (found == causes_.end()) return std::nullopt;
    return static_cast<std::size_t>(found - causes_.begin());
}

const Cause* Catalogue::find(std::string_view id) const {
    const auto index = index_of(id);
    return index ? &causes_[*index] : nullptr;
}

} // namespace squall::doctor
