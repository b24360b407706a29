// What the scripts of the faults on HTTP traffic do on a host, whatever happens to them.
#include "http_script_host.h"

namespace squall::experiment {
namespace {

TEST_F(HttpScriptHost, FetchesTheHelperArmsTheUndoAndStartsTheProxy) {
    EXPECT_EQ(start(order("r-1")), "injected") << why();
    EXPECT_TRUE(is_armed("r-1"));
    EXPECT_TRUE(timer_runs("r-1"));
    EXPECT_TRUE(is_held());
    EXPECT_FALSE(exists("squall/ecs-container-http/busy"));
    EXPECT_TRUE(exists("lib/bin/" + sha256_hex(helper_) + "/squall-host"));
    EXPECT_EQ(parts(), 0);
    const auto& helper = json::object_at(last_, "helper");
    EXPECT_EQ(json::array_at(helper, "proxies").size(), 2U);
    EXPECT_EQ(json::string_at(json::array_at(helper, "proxies").at(1), "task"), "t2");
}

TEST_F(HttpScriptHost, PassesEveryWordAsItIs) {
    EXPECT_EQ(start(order("r-1")), "injected");
    EXPECT_NE(text_of("log").find("--set LOCATION=$(id)'\";"), std::string::npos) << text_of("log");
}

TEST_F(HttpScriptHost, UsesTheHelperThatIsThere) {
    EXPECT_EQ(start(order("r-1")), "injected");
    EXPECT_EQ(stop("r-1"), "reverted");
    std::filesystem::remove(root_ / "store/squall-host");
    EXPECT_EQ(start(order("r-2")), "injected") << why();
}

TEST_F(HttpScriptHost, TakesAllOfItAwayAgainAndTellsTheCountsTwice) {
    EXPECT_EQ(start(order("r-1")), "injected");
    EXPECT_EQ(stop("r-1"), "reverted");
    EXPECT_FALSE(is_armed("r-1"));
    EXPECT_FALSE(timer_runs("r-1"));
    EXPECT_FALSE(is_held());
    const auto counts = [&] {
        return json::object_at(json::array_at(json::object_at(last_, "helper"), "proxies").at(0),
                               "counts");
    };
    EXPECT_EQ(json::text(counts()), R"({"accepted":5,"met":3})") << "zeros need no telling";
    EXPECT_EQ(stop("r-1"), "clean");
    EXPECT_EQ(json::integer_at(counts(), "met"), 3) << "for whoever lost the first answer";
    EXPECT_EQ(why(), "");
}

TEST_F(HttpScriptHost, AnUndoThatComesFirstMakesTheOrderVoid) {
    EXPECT_EQ(stop("r-1"), "clean");
    EXPECT_EQ(start(order("r-1")), "too-late");
    EXPECT_FALSE(is_armed("r-1"));
    EXPECT_EQ(start(order("r-2")), "injected") << "another run's is not";
}

TEST_F(HttpScriptHost, AnUndoWhileTheProxyStartsWins) {
    ASSERT_TRUE(write_file(root_ / "during-proxy",
                           "mv -T " + (root_ / "squall/ecs-container-http").string() + " "
                               + (root_ / "moved").string()));
    EXPECT_EQ(start(order("r-1")), "too-late");
    EXPECT_FALSE(is_armed("r-1"));
}

TEST_F(HttpScriptHost, SaysWhoHasTheHost) {
    EXPECT_EQ(start(order("r-1")), "injected");
    EXPECT_EQ(start(order("r-2")), "busy");
    EXPECT_EQ(json::string_at(last_, "other_run"), "r-1");
    EXPECT_EQ(start(order("r-1")), "injected");
    EXPECT_EQ(why(), "by an earlier order of this run");
}

TEST_F(HttpScriptHost, DoesNothingPastItsTimeOrAfterAReboot) {
    auto late = order("r-1");
    late.not_after = seconds_from_now(-1);
    EXPECT_EQ(start(late), "too-late");
    auto over = order("r-1");
    over.restore_at = seconds_from_now(1);
    EXPECT_EQ(start(over), "too-late");
    auto before_reboot = order("r-1");
    before_reboot.issued_at = "1000";
    EXPECT_EQ(start(before_reboot), "too-late");
    EXPECT_FALSE(exists("lib/bin")) << "nothing was fetched either";
}

TEST_F(HttpScriptHost, AProxyThatDoesNotStartLeavesNothing) {
    touch("proxy-fails");
    EXPECT_EQ(start(order("r-1")), "failed");
    EXPECT_EQ(json::string_at(json::object_at(last_, "helper"), "error"),
              "port 20000 is taken in \"web\"");
    EXPECT_FALSE(is_held());
    EXPECT_FALSE(timer_runs("r-1"));
    std::filesystem::remove(root_ / "proxy-fails");
    touch("proxy-dies");
    EXPECT_EQ(start(order("r-1")), "failed");
    EXPECT_EQ(json::string_at(json::object_at(last_, "helper"), "error"), "bad memory");
    EXPECT_FALSE(is_held());
}

TEST_F(HttpScriptHost, AHelperThatCannotStopIsSaidToEndByItself) {
    EXPECT_EQ(start(order("r-1")), "injected");
    touch("stop-fails");
    EXPECT_EQ(stop("r-1"), "failed");
    EXPECT_TRUE(is_held()) << "for the next try, and for its timer";
    EXPECT_TRUE(timer_runs("r-1"));
    std::filesystem::remove(root_ / "stop-fails");
    EXPECT_EQ(stop("r-1"), "reverted");
}

TEST_F(HttpScriptHost, ItsOwnTimerUndoesItAndTheCountsStay) {
    EXPECT_EQ(start(order("r-1")), "injected");
    ASSERT_TRUE(
        run_checked({{"sh", (root_ / "squall/ecs-container-http/undo.sh").string()}, {}, {}, {}},
                    Deadline::in(Seconds(20))));
    EXPECT_FALSE(is_armed("r-1"));
    EXPECT_FALSE(is_held());
    EXPECT_EQ(stop("r-1"), "clean");
    EXPECT_EQ(json::array_at(json::object_at(last_, "helper"), "proxies").size(), 2U);
}

TEST_F(HttpScriptHost, EndsAProxyWhoseRecordSomebodyRemoved) {
    EXPECT_EQ(start(order("r-1")), "injected");
    std::filesystem::remove_all(root_ / "squall/ecs-container-http");
    EXPECT_EQ(stop("r-1"), "clean");
    EXPECT_FALSE(is_armed("r-1"));
}

struct FetchCase {
    const char* name;
    const char* curl; // what a curl in its place does; empty: the real one
    const char* why;
};

class Fetching : public HttpScriptHost, public ::testing::WithParamInterface<FetchCase> {};

TEST_P(Fetching, SaysWhyThereIsNoHelperAndDoesNothing) {
    put_program("bin/curl", GetParam().curl);
    EXPECT_EQ(start(order("r-1")), "refused");
    EXPECT_NE(why().find(GetParam().why), std::string::npos) << why();
    EXPECT_FALSE(is_held());
    EXPECT_FALSE(timer_runs("r-1"));
    EXPECT_EQ(parts(), 0);
}

// What a curl does that is told `-o FILE`.
#define TO_FILE "while [ $# -gt 0 ]; do [ \"$1\" != -o ] || out=$2; shift; done; cat >/dev/null\n"

INSTANTIATE_TEST_SUITE_P(
    Hosts,
    Fetching,
    ::testing::Values(
        FetchCase{"NotFound", "#!/bin/sh\ncat >/dev/null; printf 404; exit 22\n", "HTTP 404"},
        FetchCase{"Refused", "#!/bin/sh\ncat >/dev/null; printf 403; exit 22\n", "HTTP 403"},
        FetchCase{"FullDisk", "#!/bin/sh\ncat >/dev/null; printf 200; exit 23\n", "disk full"},
        FetchCase{"Slow", "#!/bin/sh\ncat >/dev/null; printf 000; exit 28\n", "too long"},
        FetchCase{"NoName",
                  "#!/bin/sh\ncat >/dev/null; echo 'curl: (6) \"x\" is unknown' >&2; exit 6\n",
                  "store/squall-host: curl: (6) x is unknown"},
        FetchCase{"AnotherFile",
                  "#!/bin/sh\n" TO_FILE "echo page >\"$out\"; printf 200\n",
                  "its SHA-256 is"}),
    [](const auto& the_case) { return std::string(the_case.param.name); });

#undef TO_FILE

TEST_F(HttpScriptHost, AHelperThatDoesNotRunHereIsRefused) {
    const auto with = [&](const std::string& file) {
        EXPECT_TRUE(write_file(root_ / "store/squall-host", file));
        auto changed = order("r-1");
        for (auto& helper : changed.helpers)
            helper.sha256 = sha256_hex(file);
        return start(changed);
    };
    std::string elf("\x7f"
                    "ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0",
                    18);
    EXPECT_EQ(with(elf + std::string("\x16\0", 2) + std::string(100, '\0')), "refused");
    EXPECT_NE(why().find("another architecture"), std::string::npos) << why();
    EXPECT_EQ(parts(), 0);
    touch("version-fails");
    EXPECT_EQ(with(helper_ + "\n"), "refused");
    EXPECT_NE(why().find("noexec"), std::string::npos) << why();
    EXPECT_EQ(parts(), 0);
    EXPECT_FALSE(is_held());
}

TEST_F(HttpScriptHost, WhatIsMissingIsNamed) {
    auto fetches_nothing = order("r-1");
    fetches_nothing.fetches = false;
    EXPECT_EQ(start(fetches_nothing), "refused");
    EXPECT_NE(why().find("INSTALL_DEPENDENCIES"), std::string::npos);
    auto from_nowhere = order("r-1");
    for (auto& helper : from_nowhere.helpers)
        helper.url.clear();
    EXPECT_EQ(start(from_nowhere), "refused");
    EXPECT_NE(why().find("HELPER_BUCKET"), std::string::npos);
    auto for_another = order("r-1");
    for_another.helpers = {{"riscv64", "0", "http://x"}};
    EXPECT_EQ(start(for_another), "refused");
    EXPECT_NE(why().find("no helper for"), std::string::npos);
}

TEST_F(HttpScriptHost, KilledBeforeEachCommandItIsUndone) {
    const HttpOrder the_order = order("r-1");
    int step = 1;
    for (; step < 400; ++step) {
        for (const char* name : {"squall", "units", "lib", "log"})
            std::filesystem::remove_all(root_ / name);
        ASSERT_TRUE(make_directories(root_ / "units"));
        // The helper outlives a shell that is killed meanwhile; by this descriptor it is waited
        // for.
        const bool is_over = survives("exec 9>&2\n" + http_start_script(the_order), step);
        // Whatever there is has its end: armed without a record and a timer it never is.
        if (is_armed("r-1")) {
            EXPECT_TRUE(is_held() && timer_runs("r-1")) << step;
        }
        EXPECT_NE(stop("r-1"), "failed") << step;
        EXPECT_FALSE(is_armed("r-1")) << step;
        EXPECT_FALSE(is_held()) << step;
        if (is_over) break;
        // What was being fetched is the next order's to remove.
        EXPECT_EQ(start(order("r-2")), "injected") << step << why();
        EXPECT_EQ(parts(), 0) << step;
        EXPECT_EQ(stop("r-2"), "reverted") << step;
    }
    EXPECT_GT(step, 40) << "the script has that many commands";
    EXPECT_LT(step, 400);
}

TEST_F(HttpScriptHost, AnUndoThatIsKilledIsDoneAgain) {
    int step = 1;
    for (; step < 200; ++step) {
        for (const char* name : {"squall", "units"})
            std::filesystem::remove_all(root_ / name);
        ASSERT_TRUE(make_directories(root_ / "units"));
        ASSERT_EQ(start(order("r-1")), "injected");
        const bool is_over = survives(http_stop_script("r-1", seconds_from_now(30)), step);
        EXPECT_NE(stop("r-1"), "failed") << step;
        EXPECT_FALSE(is_armed("r-1")) << step;
        EXPECT_FALSE(is_held()) << step;
        if (is_over) break;
    }
    EXPECT_GT(step, 20);
    EXPECT_LT(step, 200);
}

TEST_F(HttpScriptHost, ListsWhatIsLeftAndRemovesIt) {
    EXPECT_EQ(start(order("r-1")), "injected");
    const auto list = [&] {
        return execute_for_text(http_list_script());
    };
    EXPECT_NE(list().find(R"("found":"hold","run":"r-1")"), std::string::npos);
    EXPECT_NE(list().find(R"("found":"timer","run":"r-1")"), std::string::npos);
    std::filesystem::remove_all(root_ / "squall/ecs-container-http");
    EXPECT_NE(list().find(R"("found":"proxy","run":"r-1")"), std::string::npos) << list();
    EXPECT_EQ(stop("r-1"), "clean");
    EXPECT_EQ(list().find("counts"), std::string::npos) << "which go by themselves";
    std::filesystem::last_write_time(root_ / "squall/proxy/r-1",
                                     std::filesystem::file_time_type::clock::now()
                                         - std::chrono::minutes(10));
    EXPECT_NE(list().find(R"("found":"counts","run":"r-1")"), std::string::npos) << list();
    EXPECT_EQ(execute_for_text(http_removal_script({"r-1"})), "");
    EXPECT_EQ(trimmed(list()), R"({"squall":"ecs-container-http","did":"listed"})");
}

} // namespace
} // namespace squall::experiment
