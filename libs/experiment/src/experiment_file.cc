#include "squall/experiment/experiment_file.h"

#include "squall/base/text.h"

#include <libfyaml.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <set>

namespace squall::experiment {
namespace {

constexpr std::size_t line_shown_max = 80; // characters

struct FreeDocument {
    void operator()(fy_document* document) const { fy_document_destroy(document); }
};

using DocumentPtr = std::unique_ptr<fy_document, FreeDocument>;

struct FreeDiag {
    void operator()(fy_diag* diag) const { fy_diag_destroy(diag); }
};

using DiagPtr = std::unique_ptr<fy_diag, FreeDiag>;

// Collects what is wrong while it walks through the document.
class Reader {
public:
    explicit Reader(std::string file_name) : file_name_(std::move(file_name)) {}

    Result<ExperimentFile, Problems> read(fy_node* root) {
        ExperimentFile file;
        if (root == nullptr || fy_node_get_type(root) != FYNT_MAPPING) {
            complain(root, "an experiment is a mapping with name and faults");
            return tl::unexpected<Problems>(std::move(problems));
        }
        check_members(root, {"name", "faults"}, "an experiment");
        if (fy_node* name = member(root, "name")) {
            file.name = scalar(name, "name");
            const bool is_printable =
                std::none_of(file.name.begin(), file.name.end(), [](unsigned char letter) {
                    return letter < 0x20 || letter == 0x7f;
                });
            if (!is_printable) complain(name, "the name has a control character in it");
        }
        read_faults(member(root, "faults"), root, file);
        if (!problems.empty()) return tl::unexpected<Problems>(std::move(problems));
        return file;
    }

    Problems problems;

private:
    [[nodiscard]] std::string place(fy_node* node) const {
        const fy_token* token = nullptr;
        if (node != nullptr) {
            if (fy_node_is_scalar(node))
                token = fy_node_get_scalar_token(node);
            else if (fy_node* first = first_scalar(node))
                token = fy_node_get_scalar_token(first);
        }
        const fy_mark* mark =
            token == nullptr ? nullptr : fy_token_start_mark(const_cast<fy_token*>(token));
        return mark == nullptr ? file_name_ + ":1"
                               : fmt::format("{}:{}", file_name_, mark->line + 1);
    }

    static fy_node* first_scalar(fy_node* node) {
        while (node != nullptr && !fy_node_is_scalar(node)) {
            if (fy_node_is_mapping(node)) {
                fy_node_pair* pair = fy_node_mapping_get_by_index(node, 0);
                node = pair == nullptr ? nullptr : fy_node_pair_key(pair);
            } else {
                node = fy_node_sequence_get_by_index(node, 0);
            }
        }
        return node;
    }

    void complain(fy_node* node, std::string what) {
        problems.push_back({place(node), std::move(what)});
    }

    static std::string text_of(fy_node* node) {
        std::size_t size = 0;
        const char* text = fy_node_get_scalar(node, &size);
        return text == nullptr ? std::string() : std::string(text, size);
    }

    std::string scalar(fy_node* node, std::string_view what) {
        if (fy_node_is_scalar(node) && !fy_node_is_alias(node)) return text_of(node);
        complain(node,
                 fmt::format("{} must be a single value, not a list, a mapping or an alias", what));
        return {};
    }

    static fy_node* member(fy_node* mapping, std::string_view name) {
        void* at = nullptr;
        while (fy_node_pair* pair = fy_node_mapping_iterate(mapping, &at)) {
            fy_node* key = fy_node_pair_key(pair);
            if (key != nullptr && fy_node_is_scalar(key) && text_of(key) == name)
                return fy_node_pair_value(pair);
        }
        return nullptr;
    }

    void
    check_members(fy_node* mapping, const std::vector<std::string>& known, std::string_view what) {
        std::set<std::string> seen;
        void* at = nullptr;
        while (fy_node_pair* pair = fy_node_mapping_iterate(mapping, &at)) {
            fy_node* key = fy_node_pair_key(pair);
            const std::string name = key != nullptr && fy_node_is_scalar(key) ? text_of(key) : "";
            if (!seen.insert(name).second)
                complain(key, fmt::format("'{}' stands here twice", name));
            if (std::find(known.begin(), known.end(), name) != known.end()) continue;
            const auto meant = nearest(name, known);
            complain(key,
                     fmt::format("{} has no '{}': {}",
                                 what,
                                 name,
                                 meant ? "did you mean " + *meant + "?"
                                       : "it has " + join(known, ", ")));
        }
    }

    void read_faults(fy_node* list, fy_node* root, ExperimentFile& file) {
        if (list == nullptr)
            return complain(root, "an experiment needs faults: a list with one fault");
        if (!fy_node_is_sequence(list))
            return complain(list, "faults must be a list: begin each one with '- fault: NAME'");
        void* at = nullptr;
        while (fy_node* item = fy_node_sequence_iterate(list, &at))
            file.faults.push_back(read_fault(item));
        if (file.faults.empty()) complain(root, "the list of faults is empty");
        if (file.faults.size() > 1)
            problems.push_back(
                {file.faults[1].where,
                 "an experiment with more than one fault cannot be run yet: keep one"});
    }

    FaultRequest read_fault(fy_node* item) {
        FaultRequest request;
        request.where = place(item);
        if (!fy_node_is_mapping(item)) {
            complain(item, "a fault is a mapping with fault and tunables");
            return request;
        }
        check_members(item, {"fault", "tunables"}, "a fault");
        fy_node* name = member(item, "fault");
        if (name == nullptr)
            complain(item, "this fault has no name: write 'fault: NAME'");
        else
            request.fault = scalar(name, "fault");
        fy_node* tunables = member(item, "tunables");
        if (tunables == nullptr) return request;
        if (!fy_node_is_mapping(tunables)) {
            complain(tunables, "tunables must be a mapping of NAME: value");
            return request;
        }
        read_tunables(tunables, request);
        return request;
    }

    void read_tunables(fy_node* tunables, FaultRequest& request) {
        void* at = nullptr;
        while (fy_node_pair* pair = fy_node_mapping_iterate(tunables, &at)) {
            fy_node* key = fy_node_pair_key(pair);
            fy_node* value = fy_node_pair_value(pair);
            const std::string name = key != nullptr && fy_node_is_scalar(key) ? text_of(key) : "";
            if (request.tunables.contains(name)) {
                complain(key, fmt::format("{} is given twice", name));
                continue;
            }
            // "NAME:" without a value is an empty text.
            const std::string text = value == nullptr ? std::string() : scalar(value, name);
            request.tunables[name] = {text, place(key)};
        }
    }

    std::string file_name_;
};

// The line with this number, the first being 1.
std::string_view line_of(std::string_view text, int number) {
    for (; number > 1; --number) {
        const auto end = text.find('\n');
        if (end == std::string_view::npos) return {};
        text.remove_prefix(end + 1);
    }
    return trimmed(text.substr(0, text.find('\n')));
}

// libfyaml's own first message, with its line, and what stands there.
Problem syntax_problem(fy_diag* diag, const std::string& file_name, std::string_view text) {
    void* at = nullptr;
    const fy_diag_error* error = fy_diag_errors_iterate(diag, &at);
    if (error == nullptr || error->msg == nullptr) return {file_name + ":1", "this is not YAML"};
    const int line = error->line > 0 ? error->line : 1;
    return {fmt::format("{}:{}", file_name, line),
            fmt::format("this is not YAML: {}, at '{}'",
                        trimmed(error->msg),
                        line_of(text, line).substr(0, line_shown_max))};
}

bool has_explicit_key(std::string_view line) {
    const auto is_blank = [&](std::size_t at) {
        return at >= line.size() || line[at] == ' ' || line[at] == '\t' || line[at] == '\r';
    };
    for (auto at = line.find('?'); at != std::string_view::npos; at = line.find('?', at + 1)) {
        if ((at == 0 || is_blank(at - 1)) && is_blank(at + 1)) return true;
    }
    return false;
}

// YAML reads a line of --- as the beginning of another document, wherever it stands; one file is
// one experiment, and the rest of it would be passed over.
std::optional<Problem> stream_problem(std::string_view text, const std::string& file_name) {
    bool has_content = false;
    int number = 0;
    for (const auto& line : split(text, '\n')) {
        ++number;
        // libfyaml 0.7 does not survive some of them, and an experiment needs none.
        if (has_explicit_key(line)) {
            return Problem{fmt::format("{}:{}", file_name, number),
                           "a '?' that stands alone begins a complex key: an experiment has none"};
        }
        const bool is_marker = line.starts_with("---") || line.starts_with("...");
        const std::string_view rest = trimmed(is_marker ? std::string_view(line).substr(3) : line);
        if (is_marker && has_content && (rest.empty() || line[3] == ' ' || line[3] == '\t')) {
            if (line[0] == '.') continue;
            return Problem{fmt::format("{}:{}", file_name, number),
                           "a second document begins here: one file is one experiment"};
        }
        has_content = has_content || !(rest.empty() || rest[0] == '#' || rest[0] == '%');
    }
    if (has_content) return std::nullopt;
    return Problem{file_name + ":1",
                   "the file has only comments: an experiment is a mapping with name and faults"};
}

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
    if (auto problem = stream_problem(text, file_name))
        return tl::unexpected<Problems>(Problems{std::move(*problem)});
    fy_diag_cfg diag_config{};
    fy_diag_cfg_default(&diag_config);
    diag_config.fp = nullptr;
    const DiagPtr diag(fy_diag_create(&diag_config));
    if (!diag) return refuse("the YAML reader does not start");
    fy_diag_set_collect_errors(diag.get(), true);
    fy_parse_cfg config{};
    config.flags = static_cast<fy_parse_cfg_flags>(FYPCF_QUIET | FYPCF_COLLECT_DIAG
                                                   | FYPCF_DEFAULT_VERSION_1_2);
    config.diag = diag.get();
    const DocumentPtr document(fy_document_build_from_string(&config, text.data(), text.size()));
    if (!document)
        return tl::unexpected<Problems>(Problems{syntax_problem(diag.get(), file_name, text)});
    return Reader(file_name).read(fy_document_root(document.get()));
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
