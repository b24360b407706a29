// Reads one file of causes into a catalogue. Its form is told at the top of data/causes.yaml.
#pragma once

#include "squall/doctor/catalogue.h"
#include "squall/yaml/document.h"

#include <map>

namespace squall::doctor {

class CatalogueReader {
public:
    CatalogueReader(Catalogue& catalogue, std::string_view file_name)
        : catalogue_(catalogue), file_name_(file_name) {}

    [[nodiscard]] Result<void> read(std::string_view yaml);

private:
    using Node = yaml::Node;
    using Words = std::vector<std::string>;

    [[nodiscard]] tl::unexpected<Error> mistake(const Node& node, std::string_view what) const;
    Result<void> read_groups(const Node& node);
    Result<void> read_cause(const Node& node);
    Result<void> read_member(Cause& cause, std::string_view name, const Node& value);
    Result<void> read_marks(const Node& node);
    Result<SignRule> read_sign(const Node& node);
    Result<void> read_sign_member(SignRule& rule, std::string_view name, const Node& value);
    [[nodiscard]] Result<SignRule> with_text(const Node& node, SignRule rule) const;
    Result<Words> words(const Node& node) const;
    // One item of a list of patterns: a pattern, or all of a group ($name).
    Result<std::vector<std::size_t>> alternatives(const Node& item);
    Result<std::size_t> pattern(const Node& item);

    Catalogue& catalogue_;
    std::string file_name_;
    std::map<std::string, std::vector<std::size_t>, std::less<>> groups_;
};

} // namespace squall::doctor
