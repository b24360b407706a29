#include "squall/experiment/experiment_file.h"

#include "squall/base/text.h"
#include "squall/yaml/document.h"

#include <algorithm>
#include <set>

namespace squall::experiment {
namespace {

using yaml::Node;

// No control character of ASCII (C0), of Latin-1 (C1), or of those that turn the direction of what
// follows: a name stands on terminals and in reports. `text` is UTF-8.
bool is_printable(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = [&](std::size_t at) {
            return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
        };
        const unsigned last = byte(i + 2);
        if (byte(i) < 0x20 || byte(i) == 0x7f) return false;
        if (byte(i) == 0xc2 && byte(i + 1) >= 0x80 && byte(i + 1) <= 0x9f) return false;
        if (byte(i) != 0xe2) continue;
        // U+200E to 200F, 202A to 202E, 2066 to 2069
        if (byte(i + 1) == 0x80 && (last == 0x8e || last == 0x8f || (last >= 0xaa && last <= 0xae)))
            return false;
        if (byte(i + 1) == 0x81 && last >= 0xa6 && last <= 0xa9) return false;
    }
    return true;
}

// Collects what is wrong while it walks through the document.
class Reader {
public:
    explicit Reader(std::string file_name) : file_name_(std::move(file_name)) {}

    Result<ExperimentFile, Problems> read(const Node& root) {
        ExperimentFile file;
        if (root.kind != Node::Kind::mapping) {
            complain(root, "an experiment is a mapping with name and faults");
            return tl::unexpected<Problems>(std::move(problems_));
        }
        check_members(root, {"name", "faults"}, "an experiment");
        if (const Node* name = root.member("name")) {
            file.name = scalar(*name, "name");
            if (!is_printable(file.name)) complain(*name, "the name has a control character in it");
            if (file.name.size() > ExperimentFile::name_size_max)
                complain(
                    *name,
                    fmt::format("the name is longer than {} bytes", ExperimentFile::name_size_max));
        }
        read_faults(root, file);
        if (!problems_.empty()) return tl::unexpected<Problems>(std::move(problems_));
        return file;
    }

private:
    [[nodiscard]] std::string place(const Node& node) const {
        return fmt::format("{}:{}", file_name_, node.line);
    }

    void complain(const Node& node, std::string what) {
        problems_.push_back({place(node), std::move(what)});
    }

    std::string scalar(const Node& node, std::string_view what) {
        if (node.kind == Node::Kind::scalar) return node.text;
        complain(
            node,
            fmt::format("{} must be a single value, not a list, a mapping or an alias; what is "
                        "meant as text stands in quotes",
                        what));
        return {};
    }

    // Nothing, and a complaint, for a key that is a list, a mapping or an alias.
    std::optional<std::string> name_of(const Node& key) {
        if (key.kind == Node::Kind::scalar) return key.text;
        complain(key, "a complex key stands here: an experiment has none");
        return std::nullopt;
    }

    void check_members(const Node& mapping,
                       const std::vector<std::string>& known,
                       std::string_view what) {
        std::set<std::string> seen;
        for (std::size_t i = 0; i < mapping.member_count(); ++i) {
            const Node& key = mapping.key(i);
            const auto name = name_of(key);
            if (!name) continue;
            if (!seen.insert(*name).second)
                complain(key, fmt::format("'{}' stands here twice", *name));
            if (std::find(known.begin(), known.end(), *name) != known.end()) continue;
            const auto meant = nearest(*name, known);
            complain(key,
                     fmt::format("{} has no '{}': {}",
                                 what,
                                 *name,
                                 meant ? "did you mean " + *meant + "?"
                                       : "it has " + join(known, ", ")));
        }
    }

    void read_faults(const Node& root, ExperimentFile& file) {
        const Node* list = root.member("faults");
        if (list == nullptr)
            return complain(root, "an experiment needs faults: a list with one fault");
        if (list->kind != Node::Kind::sequence)
            return complain(*list, "faults must be a list: begin each one with '- fault: NAME'");
        for (const Node& item : list->children)
            file.faults.push_back(read_fault(item));
        if (file.faults.empty()) complain(*list, "the list of faults is empty");
        if (file.faults.size() > 1)
            complain(
                list->children[1],
                "an experiment with more than one fault cannot be run yet: keep one (those on HTTP "
                "traffic take others with WITH_FAULTS)");
    }

    FaultRequest read_fault(const Node& item) {
        FaultRequest request;
        request.where = place(item);
        if (item.kind != Node::Kind::mapping) {
            complain(item, "a fault is a mapping with fault and tunables");
            return request;
        }
        check_members(item, {"fault", "tunables"}, "a fault");
        if (const Node* name = item.member("fault"))
            request.fault = scalar(*name, "fault");
        else
            complain(item, "this fault has no name: write 'fault: NAME'");
        const Node* tunables = item.member("tunables");
        if (tunables == nullptr) return request;
        if (tunables->kind == Node::Kind::mapping)
            read_tunables(*tunables, request);
        else
            complain(*tunables, "tunables must be a mapping of NAME: value");
        return request;
    }

    void read_tunables(const Node& tunables, FaultRequest& request) {
        for (std::size_t i = 0; i < tunables.member_count(); ++i) {
            const Node& key = tunables.key(i);
            const auto name = name_of(key);
            if (!name) continue;
            if (request.tunables.contains(*name)) {
                complain(key, fmt::format("{} is given twice", *name));
                continue;
            }
            request.tunables[*name] = {scalar(tunables.value(i), *name), place(key)};
        }
    }

    std::string file_name_;
    Problems problems_;
};

} // namespace

Result<ExperimentFile, Problems> parse_experiment(std::string_view text,
                                                  const std::string& file_name) {
    const auto refuse = [&](std::string what) {
        return tl::unexpected<Problems>(Problems{{file_name + ":1", std::move(what)}});
    };
    if (text.size() > ExperimentFile::size_max)
        return refuse(fmt::format("this is larger than the {} bytes that an experiment may have",
                                  ExperimentFile::size_max));
    if (text.find('\0') != std::string_view::npos || !is_valid_utf8(text))
        return refuse("this is not a text file: an experiment is YAML in UTF-8");
    if (trimmed(text).empty())
        return refuse("the file is empty: an experiment is a mapping with name and faults");
    auto root = yaml::parse(text);
    if (!root)
        return tl::unexpected<Problems>(Problems{
            {fmt::format("{}:{}", file_name, root.error().line), std::move(root.error().what)}});
    if (root->kind == Node::Kind::nothing
        || (root->kind == Node::Kind::scalar && root->text.empty()))
        return refuse(
            "the file has only comments: an experiment is a mapping with name and faults");
    return Reader(file_name).read(*root);
}

Result<ExperimentFile, Problems> read_experiment(const Path& file) {
    const auto text = read_file(file, ExperimentFile::size_max);
    if (!text)
        return tl::unexpected<Problems>(
            Problems{{file.string(),
                      text.error().code == Errc::not_found ? "there is no such file"
                                                           : text.error().message}});
    return parse_experiment(*text, file.string());
}

Result<RawValues, Problems> parse_settings(const std::vector<std::string>& words) {
    Problems problems;
    RawValues values;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string where = fmt::format("--set {}", i + 1);
        const auto equals = words[i].find('=');
        const std::string name = words[i].substr(0, equals);
        if (equals == std::string::npos || name.empty()) {
            problems.push_back(
                {where, fmt::format("'{}' is not NAME=VALUE", words[i].substr(0, 80))});
        } else if (!values.emplace(name, RawValue{words[i].substr(equals + 1), where}).second) {
            problems.push_back({where, fmt::format("{} is given twice", name)});
        }
    }
    if (!problems.empty()) return tl::unexpected<Problems>(std::move(problems));
    return values;
}

} // namespace squall::experiment
