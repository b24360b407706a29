#include "corpus.h"

#include "patterns/text_set.h"

#include <algorithm>

namespace squall::doctor {
namespace {

TEST(Corpus, EachLogIsAnsweredRight) {
    const auto answers = corpus();
    ASSERT_GT(answers.size(), 400U);
    for (const Answer& answer : answers) {
        const Diagnosis diagnosis = diagnosed(corpus_text(answer.file), answer.file);
        EXPECT_TRUE(is_right(answer, diagnosis))
            << answer.file << ": wanted " << answer.verdict << ": " << answer.first << ", told "
            << told(diagnosis);
    }
}

TEST(Corpus, EveryCauseIsTheFirstOfSomeLog) {
    std::set<std::string> first;
    for (const Answer& answer : corpus()) {
        if (answer.verdict == "finding") first.insert(split(answer.first, '+').front());
    }
    for (const Cause& cause : catalogue().causes()) {
        // That EC2 has ended a host is in none of its logs.
        const bool is_known_to_aws_alone =
            cause.id == "INSTANCE_GONE" || cause.id == "INSTANCE_STOPPED";
        EXPECT_TRUE(is_known_to_aws_alone || first.contains(cause.id)) << "no log of " << cause.id;
    }
}

TEST(Corpus, AFindingShowsALineOfTheLogAndSaysWhatToDo) {
    for (const Answer& answer : corpus()) {
        const std::string text = corpus_text(answer.file);
        const Diagnosis diagnosis = diagnosed(text, answer.file);
        for (const Finding& finding : diagnosis.findings) {
            EXPECT_FALSE(finding.remedy.empty()) << answer.file;
            ASSERT_FALSE(finding.evidence.empty()) << answer.file << " " << finding.cause;
            const auto lines =
                static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
            for (const Evidence& evidence : finding.evidence) {
                EXPECT_GE(evidence.line, 1U) << answer.file;
                EXPECT_LE(evidence.line, lines + 1) << answer.file;
                EXPECT_FALSE(evidence.text.empty()) << answer.file;
            }
        }
    }
}

#ifdef __x86_64__
TEST(Corpus, IsReadHereByTheFasterEngine) { EXPECT_EQ(best_engine(), Engine::hyperscan); }
#endif

TEST(Corpus, BothEnginesFindTheSameTextsInEveryLine) {
    std::vector<std::string> texts;
    for (const auto& needed : catalogue().needed_texts())
        texts.insert(texts.end(), needed.begin(), needed.end());
    const auto best = TextSet::compile(texts);
    const auto re2 = TextSet::compile(texts, Engine::re2);
    ASSERT_TRUE(best && re2);
    const auto found_by = [](const TextSet& set, std::string_view line) {
        std::set<std::size_t> found;
        set.scan(line, [&](std::size_t text, std::size_t /*offset*/) {
            found.insert(text);
            return true;
        });
        return found;
    };
    for (const Answer& answer : corpus()) {
        for (const std::string& line : split(corpus_text(answer.file), '\n'))
            ASSERT_EQ(found_by(*best, line), found_by(*re2, line)) << answer.file << ": " << line;
    }
}

} // namespace
} // namespace squall::doctor
