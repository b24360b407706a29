// Requests and responses of HTTP/1.x: however the bytes are cut, a reader says the same, and what
// it takes it takes once, in order, and unchanged.
#include "squall/base/result.h"
#include "squall/http/reader.h"

#include <string>

namespace {

using squall::http::Item;

struct Account {
    std::string taken;
    std::string items;
    bool operator==(const Account&) const = default;
};

template <class Reader>
Account account(Reader reader, std::string_view bytes, std::size_t step) {
    Account account;
    Item last = Item::more;
    while (!bytes.empty() && last != Item::refused) {
        std::string_view input = bytes.substr(0, step);
        bytes.remove_prefix(input.size());
        for (last = reader.next(input); last != Item::more; last = reader.next(input)) {
            if (last == Item::head) account.taken += reader.head().raw;
            if (last == Item::body) account.taken += reader.body().raw();
            // Parts of a body come as they are cut.
            if (last != Item::body)
                account.items += static_cast<char>('a' + static_cast<int>(last));
            if (last == Item::refused) break;
        }
        SQUALL_ASSERT(last == Item::refused || input.empty());
    }
    return account;
}

template <class Reader>
void check(const Reader& reader, std::string_view bytes) {
    const auto whole = account(reader, bytes, bytes.size());
    for (const std::size_t step : {std::size_t{1}, std::size_t{3}, std::size_t{17}}) {
        const auto cut = account(reader, bytes, step);
        SQUALL_ASSERT(cut.items == whole.items);
        // A refusal in a chunk may come before or after the bytes in front of it were taken.
        SQUALL_ASSERT(whole.items.ends_with('e') || cut.taken == whole.taken);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    check(squall::http::RequestReader(), bytes);
    for (const char* method : {"GET", "HEAD"}) {
        squall::http::ResponseReader responses;
        responses.expect(method);
        check(responses, bytes);
    }
    return 0;
}
