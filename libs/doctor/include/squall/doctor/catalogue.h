// What can keep an agent away: causes, the signs by which a log shows them, what they mean and what
// to do. Comes from data/causes.yaml, which is part of the program; users can add files of the same
// form. Immutable once it is loaded.
#pragma once

#include "squall/base/file.h"
#include "squall/doctor/finding.h"
#include "squall/doctor/log_kind.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace squall::doctor {

struct Cause {
    std::string id; // "NET_DNS"
    // The lower, the more of a root: what a cause with a lower rank brings about, one with a higher
    // rank shows.
    int rank = 1000;
    Severity severity = Severity::retries;
    // How far an agent has come that meets this, 0 to 9; what fails later shows that what comes
    // before works again. None: it can come at any time, and nothing that an agent does ends it.
    std::optional<int> stage;
    // always: of another cause, which is to be found. beside_others: where a root is there too.
    enum class Symptom { never, beside_others, always } symptom = Symptom::never;
    // What befalls a task shows it as well: the host lacks something.
    bool is_shown_by_tasks = false;
    std::string means; // one sentence
    std::vector<std::string> remedy;
    std::string source;
};

// One way in which a record shows a cause: all of these at once. Numbers of patterns.
struct SignRule {
    std::size_t cause = 0;
    std::vector<std::vector<std::size_t>> all; // one of each
    std::vector<std::size_t> none;
    std::vector<LogKind> in;
    std::vector<std::string> levels;
    Certainty certainty = Certainty::certain;
};

// What is no cause, and tells how an agent's time passes.
enum class Mark {
    normal,         // part of a healthy life
    connected,      // to ACS
    starting,       // a new process of the agent
    loading,        // it is about to open its state
    stopping,       // it was told to end
    closed,         // a connection ended as no server ends it
    ipv6_only,      // it was told to use IPv6 alone
    telemetry,      // this record is about TCS, which ECS does not look at
    telemetry_up,   // connected to TCS
    unclear_socket, // this record is about ACS or TCS: the next one says which
    registering,    // it has come as far as asking ECS for an ARN
    registered,     // ECS's API has let it in
    proxy,          // it was told to use an HTTP proxy
    no_proxy,       // and to leave the metadata service out of it
    unexplained,    // something failed, and no sign says why
    docker_up,      // the Docker daemon serves
    terminated,     // a signal has ended it before it could answer to it
    of_task,        // this record is about a task of the host, not about the agent
};

struct MarkRule {
    Mark mark = Mark::normal;
    SignRule rule; // its cause means nothing
};

class Catalogue {
public:
    // The program's own.
    [[nodiscard]] static Result<Catalogue> embedded();

    // Adds a user's file: new causes; of causes that are there, more signs, and other words where
    // the file has some. Errors name the file and the line.
    [[nodiscard]] Result<void> add(std::string_view yaml, std::string_view file_name);

    [[nodiscard]] const std::vector<Cause>& causes() const { return causes_; }

    [[nodiscard]] const std::vector<SignRule>& signs() const { return signs_; }

    [[nodiscard]] const std::vector<MarkRule>& marks() const { return marks_; }

    // As they are written: text, or /a regular expression/ in RE2's syntax.
    [[nodiscard]] const std::vector<std::string>& patterns() const { return patterns_; }

    // Of each of them, texts in small letters: wherever it fits, one of these is. None where it can
    // fit without.
    [[nodiscard]] const std::vector<std::vector<std::string>>& needed_texts() const {
        return needed_texts_;
    }

    // Lines as an agent that is well writes them, for what tells others from these.
    [[nodiscard]] const std::vector<std::string>& usual_lines() const { return usual_lines_; }

    // Null where there is none.
    [[nodiscard]] const Cause* find(std::string_view id) const;
    [[nodiscard]] std::optional<std::size_t> index_of(std::string_view id) const;

private:
    friend class CatalogueReader;

    std::vector<Cause> causes_;
    std::vector<SignRule> signs_;
    std::vector<MarkRule> marks_;
    std::vector<std::string> patterns_;
    std::vector<std::vector<std::string>> needed_texts_;
    std::vector<std::string> usual_lines_;
};

} // namespace squall::doctor
