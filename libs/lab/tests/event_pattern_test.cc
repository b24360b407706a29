#include "events/pattern.h"

#include <gtest/gtest.h>

namespace squall::lab::eventbridge {
namespace {

struct Case {
    const char* pattern;
    const char* event;
    bool is_match;
};

void check(std::initializer_list<Case> cases) {
    for (const auto& one : cases) {
        const auto pattern = parse_pattern(one.pattern);
        ASSERT_TRUE(pattern) << one.pattern << ": " << pattern.error().message;
        const auto event = json::parse_object(one.event);
        ASSERT_TRUE(event) << one.event;
        EXPECT_EQ(matches(*pattern, *event), one.is_match) << one.pattern << "\n" << one.event;
    }
}

TEST(EventPattern, MatchesValuesLetterByLetterAndOfTheirOwnType) {
    check({
        {R"({"source":["aws.ecs"]})", R"({"source":"aws.ecs"})", true},
        {R"({"source":["aws.ecs"]})", R"({"source":"AWS.ecs"})", false},
        {R"({"source":["aws.ec2","aws.ecs"]})", R"({"source":"aws.ecs","x":1})", true},
        {R"({"source":["aws.ecs"]})", R"({"x":"aws.ecs"})", false},
        {R"({"a":[true]})", R"({"a":true})", true},
        {R"({"a":[true]})", R"({"a":"true"})", false},
        {R"({"a":[null]})", R"({"a":null})", true},
        {R"({"a":[null]})", R"({})", false},
        {R"({"a":[""]})", R"({"a":""})", true},
        {R"({"a":[null]})", R"({"a":""})", false},
        {R"({"a":[300]})", R"({"a":300})", true},
        {R"({"a":[300]})", R"({"a":3.0e2})", true},
        {R"({"a":[300]})", R"({"a":"300"})", false},
        {R"({"a":[9007199254740993]})", R"({"a":9007199254740992})", false},
    });
}

TEST(EventPattern, LooksIntoObjectsAndArrays) {
    check({
        {R"({"detail":{"state":["running"]}})", R"({"detail":{"state":"running"}})", true},
        {R"({"detail":{"state":["running"]}})", R"({"detail":"running"})", false},
        {R"({"detail":{"state":["running"]}})", R"({})", false},
        {R"({"resources":["b"]})", R"({"resources":["a","b"]})", true},
        {R"({"resources":["c"]})", R"({"resources":["a","b"]})", false},
        {R"({"resources":["b"]})", R"({"resources":[["a"],["b"]]})", true},
        {R"({"resources":["b"]})", R"({"resources":[]})", false},
        {R"({"c":{"n":["web"],"s":["UP"]}})",
         R"({"c":[{"n":"db","s":"UP"},{"n":"web","s":"UP"}]})",
         true},
        // Both in one of them, not each in another.
        {R"({"c":{"n":["web"],"s":["UP"]}})",
         R"({"c":[{"n":"db","s":"UP"},{"n":"web","s":"DOWN"}]})",
         false},
    });
}

TEST(EventPattern, MatchesPartsOfTexts) {
    check({
        {R"({"t":[{"prefix":"2017-10-02"}]})", R"({"t":"2017-10-02T18:43:48Z"})", true},
        {R"({"t":[{"prefix":"2017-10-02"}]})", R"({"t":"2017-10-03T18:43:48Z"})", false},
        {R"({"t":[{"prefix":"2"}]})", R"({"t":25})", false},
        {R"({"t":[{"prefix":{"equals-ignore-case":"EventB"}}]})", R"({"t":"eventbridge"})", true},
        {R"({"t":[{"suffix":".png"}]})", R"({"t":"a.png"})", true},
        {R"({"t":[{"suffix":".png"}]})", R"({"t":"a.PNG"})", false},
        {R"({"t":[{"suffix":{"equals-ignore-case":".png"}}]})", R"({"t":"a.PNG"})", true},
        {R"({"t":[{"equals-ignore-case":"alice"}]})", R"({"t":"ALICE"})", true},
        {R"({"t":[{"equals-ignore-case":"alice"}]})", R"({"t":"ALICES"})", false},
        {R"({"t":[{"wildcard":"dir/*/x.*"}]})", R"({"t":"dir/a/b/x.txt"})", true},
        {R"({"t":[{"wildcard":"dir/*/x.*"}]})", R"({"t":"dir/x.txt"})", false},
        {R"({"t":[{"wildcard":"*"}]})", R"({"t":""})", true},
        {R"({"t":[{"wildcard":"a\\*b*"}]})", R"({"t":"a*bc"})", true},
        {R"({"t":[{"wildcard":"a\\*b*"}]})", R"({"t":"axbc"})", false},
        {R"({"t":[{"wildcard":"a\\\\*"}]})", R"({"t":"a\\b"})", true},
    });
}

TEST(EventPattern, MatchesAnythingButWhatIsNamed) {
    check({
        {R"({"s":[{"anything-but":"up"}]})", R"({"s":"down"})", true},
        {R"({"s":[{"anything-but":"up"}]})", R"({"s":"up"})", false},
        {R"({"s":[{"anything-but":"up"}]})", R"({})", false},
        {R"({"s":[{"anything-but":["up","down"]}]})", R"({"s":"down"})", false},
        {R"({"s":[{"anything-but":[100,200]}]})", R"({"s":300})", true},
        {R"({"s":[{"anything-but":[100,200]}]})", R"({"s":200})", false},
        {R"({"s":[{"anything-but":100}]})", R"({"s":"100"})", true},
        {R"({"s":[{"anything-but":{"prefix":"init"}}]})", R"({"s":"initializing"})", false},
        {R"({"s":[{"anything-but":{"prefix":["init","err"]}}]})", R"({"s":"error"})", false},
        {R"({"s":[{"anything-but":{"suffix":".txt"}}]})", R"({"s":"a.png"})", true},
        {R"({"s":[{"anything-but":{"equals-ignore-case":["UP","Down"]}}]})",
         R"({"s":"down"})",
         false},
        {R"({"s":[{"anything-but":{"wildcard":"*/lib/*"}}]})", R"({"s":"a/lib/b"})", false},
        {R"({"s":[{"anything-but":{"wildcard":"*/lib/*"}}]})", R"({"s":"a/bin/b"})", true},
    });
}

TEST(EventPattern, ComparesNumbers) {
    check({
        {R"({"n":[{"numeric":["=",5]}]})", R"({"n":5.0})", true},
        {R"({"n":[{"numeric":["<",10]}]})", R"({"n":10})", false},
        {R"({"n":[{"numeric":["<=",10]}]})", R"({"n":10})", true},
        {R"({"n":[{"numeric":[">",0,"<=",5]}]})", R"({"n":5})", true},
        {R"({"n":[{"numeric":[">",0,"<=",5]}]})", R"({"n":0})", false},
        {R"({"n":[{"numeric":[">=",-1.5,"<",5]}]})", R"({"n":-1.5})", true},
        {R"({"n":[{"numeric":[">",0]}]})", R"({"n":"5"})", false},
        {R"({"n":[{"numeric":["<",-3.018e2]}]})", R"({"n":-302})", true},
    });
}

TEST(EventPattern, KnowsWhatIsThereByItsLeaves) {
    check({
        {R"({"d":{"s":[{"exists":true}]}})", R"({"d":{"s":"x"}})", true},
        {R"({"d":{"s":[{"exists":true}]}})", R"({"d":{"s":null}})", true},
        {R"({"d":{"s":[{"exists":true}]}})", R"({"d":{}})", false},
        {R"({"d":{"s":[{"exists":true}]}})", R"({"d":{"s":{"x":1}}})", false},
        {R"({"d":{"s":[{"exists":true}]}})", R"({"d":{"s":[]}})", false},
        {R"({"d":{"s":[{"exists":false}]}})", R"({"d":{"x":1}})", true},
        {R"({"d":{"s":[{"exists":false}]}})", R"({})", true},
        {R"({"d":{"s":[{"exists":false}]}})", R"({"d":{"s":1}})", false},
        {R"({"d":{"s":[{"exists":false}]}})", R"({"d":{"s":{"x":1}}})", true},
        {R"({"d":{"s":[{"exists":false}]}})", R"({"d":[{"s":1},{"x":1}]})", false},
        {R"({"d":{"s":["x",{"exists":false}]}})", R"({"d":{"s":"x"}})", true},
        {R"({"d":{"s":["x",{"exists":false}],"t":["y"]}})", R"({})", false},
    });
}

TEST(EventPattern, KnowsRangesOfAddresses) {
    check({
        {R"({"ip":[{"cidr":"10.0.0.0/24"}]})", R"({"ip":"10.0.0.255"})", true},
        {R"({"ip":[{"cidr":"10.0.0.0/24"}]})", R"({"ip":"10.0.1.0"})", false},
        {R"({"ip":[{"cidr":"10.0.0.0/9"}]})", R"({"ip":"10.127.1.0"})", true},
        {R"({"ip":[{"cidr":"10.0.0.0/9"}]})", R"({"ip":"10.128.1.0"})", false},
        {R"({"ip":[{"cidr":"0.0.0.0/0"}]})", R"({"ip":"no address"})", false},
        {R"({"ip":[{"cidr":"2001:db8::/33"}]})", R"({"ip":"2001:db8:7fff::1"})", true},
        {R"({"ip":[{"cidr":"2001:db8::/33"}]})", R"({"ip":"2001:db8:8000::1"})", false},
        {R"({"ip":[{"cidr":"::/0"}]})", R"({"ip":"10.0.0.1"})", false},
    });
}

TEST(EventPattern, JoinsAlternativesByOr) {
    constexpr const char* either =
        R"({"source":["s"],"$or":[{"a":[1]},{"b":[{"numeric":[">",5]}]}]})";
    check({
        {either, R"({"source":"s","a":1})", true},
        {either, R"({"source":"s","b":6})", true},
        {either, R"({"source":"s","a":2,"b":5})", false},
        {either, R"({"source":"t","a":1,"b":6})", false},
        {R"({"d":{"$or":[{"a":[1]},{"c":{"$or":[{"x":[1]},{"y":[1]}]}}]}})",
         R"({"d":{"c":{"y":1}}})",
         true},
    });
}

TEST(EventPattern, RefusesWhatAWSRefuses) {
    for (const char* text : {
             "",
             "[]",
             "{",
             "{}",
             R"({"a":{}})",
             R"({"a":[]})",
             R"({"a":"x"})",
             R"({"a":1})",
             R"({"a":[["x"]]})",
             R"({"a":[{"like":"x"}]})",
             R"({"a":[{}]})",
             R"({"a":[{"prefix":"x","suffix":"y"}]})",
             R"({"a":[{"prefix":1}]})",
             R"({"a":[{"prefix":{"wildcard":"x"}}]})",
             R"({"a":[{"wildcard":"a**b"}]})",
             R"({"a":[{"wildcard":"a\\b"}]})",
             R"({"a":[{"wildcard":"a\\"}]})",
             R"({"a":[{"anything-but":[]}]})",
             R"({"a":[{"anything-but":["x",1]}]})",
             R"({"a":[{"anything-but":null}]})",
             R"({"a":[{"anything-but":{"prefix":""}}]})",
             R"({"a":[{"anything-but":{"cidr":"10.0.0.0/8"}}]})",
             R"({"a":[{"numeric":[]}]})",
             R"({"a":[{"numeric":["<"]}]})",
             R"({"a":[{"numeric":["!",1]}]})",
             R"({"a":[{"numeric":["<","1"]}]})",
             R"({"a":[{"numeric":["<",5000000001]}]})",
             R"({"a":[{"numeric":["<",5,">",1]}]})",
             R"({"a":[{"numeric":[">",5,"<",1]}]})",
             R"({"a":[{"numeric":[">",1,"<",5,"<",6]}]})",
             R"({"a":[{"exists":"yes"}]})",
             R"({"a":[{"cidr":"10.0.0.0"}]})",
             R"({"a":[{"cidr":"10.0.0/8"}]})",
             R"({"a":[{"cidr":"10.0.0.0/32"}]})",
             R"({"a":[{"cidr":"10.0.0.0/x"}]})",
             R"({"$or":[{"a":[1]}]})",
             R"({"$or":[{"a":[1]},"x"]})",
         }) {
        EXPECT_FALSE(parse_pattern(text)) << text;
    }
    EXPECT_FALSE(parse_pattern(R"({"a":[")" + std::string(Pattern::text_max, 'x') + "\"]}"));
}

} // namespace
} // namespace squall::lab::eventbridge
