#include "logs/log_time.h"

#include "corpus.h"
#include "squall/base/time_text.h"

namespace squall::doctor {
namespace {

std::string taken(std::string_view text) {
    const auto when = take_time(text);
    return when ? rfc3339_seconds(*when) + "|" + std::string(text) : "none";
}

std::string taken_from_syslog(std::string_view text) {
    const auto when = take_syslog_time(text, corpus_now());
    return when ? rfc3339_seconds(*when) + "|" + std::string(text) : "none";
}

TEST(LogTime, IsReadInEveryFormThatLogsUse) {
    for (const std::string_view form : {"2026-03-11T08:15:00Z",
                                        "2026-03-11T08:15:00.123456789Z",
                                        "2026-03-11T08:15:00,123",
                                        "2026-03-11 08:15:00",
                                        "2026-03-11 08:15:00 UTC",
                                        "2026-03-11 08:15:00 +0000 UTC",
                                        "2026/03/11 08:15:00",
                                        "1773216900",
                                        "1773216900.25",
                                        "1773216900123",
                                        "2026-03-11T10:15:00+02:00",
                                        "2026-03-11T10:15:00+0200",
                                        "2026-03-11T03:45:00-0430"})
        EXPECT_EQ(taken(std::string(form) + " rest"), "2026-03-11T08:15:00Z| rest") << form;
}

TEST(LogTime, IsNotFoundInWhatIsNoTime) {
    for (const std::string_view form : {"",
                                        "2026",
                                        "2026-13-11T08:15:00Z",
                                        "2026-02-30T08:15:00Z",
                                        "2026-03-11T24:15:00Z",
                                        "2026-03-11X08:15:00Z",
                                        "9999-03-11T08:15:00Z",
                                        "abcd-ef-ghTij:kl:mn"})
        EXPECT_EQ(taken(form), "none") << form;
}

TEST(LogTime, OfSyslogIsOfTheYearThatPutsItBeforeNow) {
    EXPECT_EQ(taken_from_syslog("Mar 11 08:15:00 host"), "2026-03-11T08:15:00Z| host");
    EXPECT_EQ(taken_from_syslog("Mar  1 08:15:00 host"), "2026-03-01T08:15:00Z| host");
    EXPECT_EQ(taken_from_syslog("Dec 31 23:59:59 host"), "2025-12-31T23:59:59Z| host");
    EXPECT_EQ(taken_from_syslog("Feb 29 00:00:00 host"), "2024-02-29T00:00:00Z| host");
    EXPECT_EQ(taken_from_syslog("Foo 11 08:15:00 host"), "none");
}

TEST(LogTime, OfDmesgHasItsYear) {
    std::string_view text = "Wed Mar 11 08:15:00 2026] x";
    const auto when = take_ctime(text);
    ASSERT_TRUE(when);
    EXPECT_EQ(rfc3339_seconds(*when), "2026-03-11T08:15:00Z");
    EXPECT_EQ(text, "] x");
}

} // namespace
} // namespace squall::doctor
