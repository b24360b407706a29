#include "squall/doctor/report.h"

#include "squall/base/text.h"

#include <algorithm>

namespace squall::doctor {
namespace {

class Page {
public:
    explicit Page(ReportStyle style) : style_(style) {}

    void line(const std::string& text) { out_ += text + "\n"; }

    // A sentence behind `first`; where it is broken, the rest stands below its beginning.
    void paragraph(const std::string& first, const std::string& text) {
        const std::size_t indent = first.size();
        const auto width = static_cast<std::size_t>(std::max(style_.width, 0));
        if (width < indent + 20) return line(first + text);
        std::string row = first;
        for (const std::string& word : split(text, ' ')) {
            const bool is_empty = row.size() == indent;
            if (!is_empty && row.size() + 1 + word.size() > width) {
                line(row);
                row = std::string(indent, ' ');
            }
            if (row.size() > indent) row += ' ';
            row += word;
        }
        line(row);
    }

    [[nodiscard]] std::string bold(const std::string& text) const {
        return style_.has_colour ? "\x1b[1m" + text + "\x1b[0m" : text;
    }

    [[nodiscard]] std::string faint(const std::string& text) const {
        return style_.has_colour ? "\x1b[2m" + text + "\x1b[0m" : text;
    }

    [[nodiscard]] std::string red(const std::string& text) const {
        return style_.has_colour ? "\x1b[1;31m" + text + "\x1b[0m" : text;
    }

    [[nodiscard]] std::string green(const std::string& text) const {
        return style_.has_colour ? "\x1b[1;32m" + text + "\x1b[0m" : text;
    }

    [[nodiscard]] std::string take() { return std::move(out_); }

private:
    ReportStyle style_;
    std::string out_;
};

// Whether something else keeps the agent from coming back when the cause has gone.
bool is_left_stopped(const Diagnosis& diagnosis) {
    return std::any_of(
        diagnosis.findings.begin(), diagnosis.findings.end(), [](const Finding& finding) {
            return (finding.cause == "AGENT_STOPPED" || finding.cause == "AGENT_TERMINAL"
                    || finding.cause == "AGENT_CRASHLOOP")
                   && finding.severity == Severity::terminal;
        });
}

std::string outlook(Severity severity, bool is_left_stopped) {
    if (severity == Severity::retries && is_left_stopped)
        return "When it is mended, the agent has to be started: `sudo systemctl start ecs`.";
    switch (severity) {
    case Severity::terminal:
        return "It will not come back by itself.";
    case Severity::retries:
        return "The agent tries again by itself, at most 2m24s apart, and comes back when the "
               "cause has gone.";
    case Severity::heals:
        return "It heals by itself: wait.";
    }
    return "";
}

// Each once: several logs may not have been read.
std::vector<std::string> checks_of(const std::vector<Look>& looks) {
    std::vector<std::string> names;
    for (const Look& look : looks)
        if (std::find(names.begin(), names.end(), look.check) == names.end())
            names.push_back(look.check);
    return names;
}

std::string place_of(const Evidence& evidence) {
    return evidence.line == 0 ? evidence.file : fmt::format("{}:{}", evidence.file, evidence.line);
}

// The first line is the answer: what is wrong, and with what.
void write_title(Page& page,
                 const Diagnosis& diagnosis,
                 const Finding& finding,
                 const std::string& subject) {
    const bool is_first = &finding == &diagnosis.findings.front();
    const bool is_answer = is_first && diagnosis.verdict == Verdict::finding;
    const std::string kind = finding.is_symptom ? "a symptom, " : is_first ? "" : "also, ";
    page.line(fmt::format("{}{}  {}",
                          is_first ? page.red(finding.cause) : page.bold(finding.cause),
                          is_answer ? "  " + page.bold(subject) : "",
                          page.faint(fmt::format("({}{})", kind, name_of(finding.certainty)))));
}

void write_finding(Page& page,
                   const Diagnosis& diagnosis,
                   const Finding& finding,
                   ReportStyle style) {
    page.paragraph("  ", finding.summary);
    if (diagnosis.is_connected.value_or(false))
        page.paragraph("  ", "ECS says that the agent is connected all the same, for now.");
    else if (diagnosis.verdict != Verdict::recovered)
        page.paragraph("  ", outlook(finding.severity, is_left_stopped(diagnosis)));
    std::size_t number = 0;
    for (const std::string& step : finding.remedy)
        page.paragraph(fmt::format("    {}. ", ++number), step);
    std::size_t told = 0;
    for (const Evidence& evidence : finding.evidence) {
        if (!style.tells_all && ++told > 2) break;
        page.line(page.faint("  " + place_of(evidence)));
        for (const std::string& line : split(evidence.text, '\n'))
            page.line(page.faint("    " + line));
    }
    page.line("");
}

} // namespace

std::string report_text(const Diagnosis& diagnosis, const std::string& subject, ReportStyle style) {
    Page page(style);
    switch (diagnosis.verdict) {
    case Verdict::healthy:
        page.line(page.green("healthy") + "  " + subject
                  + (diagnosis.could_not_look.empty()
                         ? ""
                         : fmt::format(", as far as it could be looked at (not {})",
                                       join(checks_of(diagnosis.could_not_look), ", "))));
        break;
    case Verdict::recovered:
        page.line(page.green("recovered") + "  " + subject + ". What it was:");
        break;
    case Verdict::finding:
        break; // it says so itself
    case Verdict::unknown:
        page.line(page.bold("unknown") + "  " + subject
                  + ": nothing that was read says why the agent is away");
        break;
    }
    if (diagnosis.verdict != Verdict::finding) page.line("");
    for (const Finding& finding : diagnosis.findings) {
        write_title(page, diagnosis, finding, subject);
        write_finding(page, diagnosis, finding, style);
    }
    if (!diagnosis.healthy.empty()) {
        if (style.tells_all) {
            page.line("Looked at, and healthy:");
            for (const Look& look : diagnosis.healthy)
                page.paragraph(fmt::format("  {:<20} ", look.check), look.summary);
        } else {
            page.paragraph("Looked at, and healthy: ", join(checks_of(diagnosis.healthy), ", "));
        }
    }
    if (!diagnosis.could_not_look.empty()) {
        page.line("Could not look:");
        for (const Look& look : diagnosis.could_not_look) {
            page.paragraph(fmt::format("  {:<20} ", look.check), look.summary);
            if (!look.how.empty()) page.line(std::string(23, ' ') + page.faint(look.how));
        }
    }
    return page.take();
}

std::string alert_text(const Diagnosis& diagnosis) {
    constexpr std::size_t findings_max = 3;
    std::string text;
    std::size_t told = 0;
    for (const Finding& finding : diagnosis.findings) {
        if (finding.is_symptom && &finding != &diagnosis.findings.front()) break;
        if (++told > findings_max) break;
        text += fmt::format(
            "{} ({}): {}\n", finding.cause, name_of(finding.certainty), finding.summary);
        if (!finding.evidence.empty())
            text += fmt::format(
                "  {}: {}\n", place_of(finding.evidence.front()), finding.evidence.front().text);
        for (const std::string& step : finding.remedy)
            text += fmt::format("  - {}\n", step);
    }
    if (!text.empty()) return text;
    if (diagnosis.verdict != Verdict::unknown)
        return "nothing was found on the host that keeps its agent away\n";
    text = "the cause is not known\n";
    for (const Look& look : diagnosis.could_not_look)
        text += fmt::format("  could not look, {}: {}\n", look.check, look.summary);
    return text;
}

} // namespace squall::doctor
