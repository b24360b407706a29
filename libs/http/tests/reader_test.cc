#include "squall/http/reader.h"

#include <gtest/gtest.h>

#include <vector>

namespace squall::http {
namespace {

// What a reader makes of bytes that come in pieces of `step`: one line for each item.
struct Account {
    std::string text;
    std::string raw; // all that was taken, as it was
    bool operator==(const Account&) const = default;
};

template <class Reader>
Account account(Reader reader, std::string_view bytes, std::size_t step) {
    Account account;
    std::string content;
    const auto flush = [&] {
        if (!content.empty()) account.text += "body " + content + "\n";
        content.clear();
    };
    while (!bytes.empty()) {
        std::string_view input = bytes.substr(0, step);
        bytes.remove_prefix(input.size());
        for (Item item = reader.next(input); item != Item::more; item = reader.next(input)) {
            if (item == Item::head) {
                account.text +=
                    "head "
                    + std::string(reader.head().fields.empty() ? "without fields"
                                                               : reader.head().fields[0].value)
                    + "\n";
                account.raw += reader.head().raw;
            } else if (item == Item::body) {
                content += reader.body().content();
                account.raw += reader.body().raw();
            } else {
                flush();
                account.text += item == Item::end
                                    ? "end\n"
                                    : "refused " + std::string(reader.refusal().why) + "\n";
                if (item == Item::refused) return account;
            }
        }
    }
    flush();
    return account;
}

void expect_requests(const std::string& bytes, const std::string& text) {
    for (std::size_t step = 1; step <= bytes.size(); ++step) {
        const auto got = account(RequestReader(), bytes, step);
        ASSERT_EQ(got.text, text) << "in pieces of " << step;
    }
}

TEST(RequestReader, ReadsPipelinedRequestsHoweverTheyAreCut) {
    const std::string bytes =
        "GET /1 HTTP/1.1\r\nHost: one\r\n\r\n"
        "POST /2 HTTP/1.1\r\nHost: two\r\nContent-Length: 5\r\n\r\nhello"
        "POST /3 HTTP/1.1\r\nHost: three\r\nTransfer-Encoding: chunked\r\n\r\n"
        "4;x=y\r\nwiki\r\nA \r\n0123456789\r\n0\r\nTrailer: 1\r\n\r\n"
        "GET /4 HTTP/1.1\r\nHost: four\r\n\r\n";
    expect_requests(bytes,
                    "head one\nend\nhead two\nbody hello\nend\n"
                    "head three\nbody wiki0123456789\nend\nhead four\nend\n");
    for (std::size_t step = 1; step <= bytes.size(); ++step)
        ASSERT_EQ(account(RequestReader(), bytes, step).raw, bytes) << "byte for byte";
}

TEST(RequestReader, PassesOverEmptyLinesBeforeARequestAndNotTooMany) {
    expect_requests(
        "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: b\r\n\r\n",
        "head a\nend\nhead b\nend\n");
    std::string many;
    for (int count = 0; count < 9; ++count)
        many += "\r\n";
    expect_requests(many, "refused empty lines instead of a request\n");
    expect_requests("\rGET / HTTP/1.1\r\n\r\n", "refused a carriage return before a request\n");
}

TEST(RequestReader, RefusesChunksThatAreNotWhatTheySay) {
    const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    const auto refuses = [&](const std::string& body) {
        for (std::size_t step = 1; step <= 40; ++step) {
            const auto got = account(RequestReader(), head + body, step).text;
            if (got.find("refused") == std::string::npos) return false;
        }
        return true;
    };
    EXPECT_TRUE(refuses("5\r\nhello!\r\n"));
    EXPECT_TRUE(refuses("5\nhello\r\n"));
    EXPECT_TRUE(refuses("\r\n"));
    EXPECT_TRUE(refuses("-1\r\n"));
    EXPECT_TRUE(refuses("0x5\r\nhello\r\n"));
    EXPECT_TRUE(refuses(" 5\r\nhello\r\n"));
    EXPECT_TRUE(refuses("5 5\r\nhello\r\n"));
    EXPECT_TRUE(refuses("5\rhello"));
    EXPECT_TRUE(refuses("5;a\nb\r\nhello\r\n"));
    EXPECT_TRUE(refuses("FFFFFFFFFFFFFFFFF\r\n"));
    EXPECT_TRUE(refuses("0\r\n folded: 1\r\n\r\n"));
    EXPECT_TRUE(refuses("0\r\nTrailer: 1\n\r\n"));
    EXPECT_TRUE(refuses("5;" + std::string(chunk_line_max, 'a') + "\r\nhello\r\n"));
    EXPECT_TRUE(refuses("0\r\nA: " + std::string(trailers_max, 'a') + "\r\n\r\n"));
    EXPECT_FALSE(refuses("5 ; a=\"b\"\r\nhello\r\n0\r\n\r\n"));
    EXPECT_FALSE(refuses("00005\r\nhello\r\n000\r\n\r\n"));
}

TEST(RequestReader, RefusesAHeadWithoutEndBeforeItFillsTheMemory) {
    RequestReader reader;
    std::size_t given = 0;
    const std::string part(1000, 'a');
    for (Item item = Item::more; item == Item::more && given < 10 * head_size_max;) {
        std::string_view input = part;
        item = reader.next(input);
        given += part.size();
    }
    EXPECT_EQ(reader.refusal().status, 431);
    EXPECT_LT(given, head_size_max + 2 * part.size());
}

TEST(ResponseReader, ReadsWhatAnswersEachMethod) {
    const std::string bytes = "HTTP/1.1 100 Continue\r\n\r\n"
                              "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    for (std::size_t step = 1; step <= bytes.size(); ++step) {
        ResponseReader reader;
        reader.expect("POST");
        EXPECT_EQ(account(reader, bytes, step).text,
                  "head without fields\nhead 5\nbody hello\nend\n");
        reader.expect("HEAD");
        EXPECT_EQ(account(reader, bytes.substr(0, bytes.size() - 5), step).text,
                  "head without fields\nhead 5\nend\n");
    }
}

TEST(ResponseReader, TakesEverythingUntilTheClose) {
    const std::string bytes = "HTTP/1.0 200 OK\r\nServer: x\r\n\r\nhello\r\n\r\nHTTP/1.1";
    for (std::size_t step = 1; step <= bytes.size(); ++step) {
        ResponseReader reader;
        reader.expect("GET");
        EXPECT_EQ(account(reader, bytes, step).raw, bytes);
    }
}

TEST(ResponseReader, KeepsTheBytesOfAHeadThatIsNone) {
    const std::string bytes = "220 mail.example ESMTP\r\n\r\n";
    for (std::size_t step = 1; step <= bytes.size(); ++step) {
        ResponseReader reader;
        reader.expect("GET");
        std::string_view rest = bytes;
        Item item = Item::more;
        while (item == Item::more) {
            std::string_view input = rest.substr(0, step);
            const std::size_t size = input.size();
            item = reader.next(input);
            rest.remove_prefix(size - input.size());
        }
        EXPECT_EQ(item, Item::refused);
        EXPECT_EQ(std::string(reader.refused_bytes()) + std::string(rest), bytes) << step;
    }
}

} // namespace
} // namespace squall::http
