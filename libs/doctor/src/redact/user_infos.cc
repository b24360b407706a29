#include "redact/spans.h"

#include <algorithm>

namespace squall::doctor {
namespace {

constexpr std::size_t word_max = 2048;

// What can stand before the word that an address is in.
bool ends_word(char c) {
    return is_space(c) || is_quote(c) || c == '<' || c == '>' || c == '=' || c == '{' || c == '}';
}

// Where the part before the '@' begins that names a user, in a word that ends there. npos: none.
std::size_t user_info_of(std::string_view word) {
    for (const std::string_view scheme : {"://", ":\\/\\/", "%3A%2F%2F", "%3a%2f%2f"}) {
        const std::size_t at = word.rfind(scheme);
        if (at == std::string_view::npos) continue;
        const std::size_t begin = at + scheme.size();
        const std::string_view user = word.substr(begin);
        if (user.empty()) return std::string_view::npos;
        // Behind a slash it is a path, unless a password has a slash in it.
        const std::size_t authority_end = user.find_first_of("/?#");
        const bool is_authority =
            authority_end == std::string_view::npos
            || user.substr(0, authority_end).find(':') != std::string_view::npos;
        return is_authority ? begin : std::string_view::npos;
    }
    // user:password@host, as a proxy may be given. ARNs hold session names, which may be addresses.
    const std::size_t colon = word.find(':');
    const bool has_both = colon != std::string_view::npos && colon > 0 && colon + 1 < word.size();
    if (!has_both || word.find("arn:") != std::string_view::npos) return std::string_view::npos;
    return 0;
}

bool begins_host(std::string_view text, std::size_t at) {
    if (at >= text.size()) return true; // cut
    // An image and its digest: name:tag@sha256:…
    if (text.substr(at, 7) == "sha256:") return false;
    if (is_marked(text, at)) return false;
    return is_alphanumeric(text[at]) || text[at] == '[' || text[at] == '%' || text[at] == '$';
}

// HOST:PORT follows: no path has such a part.
bool begins_host_and_port(std::string_view text, std::size_t at) {
    std::size_t end = at;
    while (end < text.size()
           && (is_alphanumeric(text[end]) || text[end] == '.' || text[end] == '-'))
        ++end;
    return end > at && end + 1 < text.size() && text[end] == ':' && is_digit(text[end + 1]);
}

} // namespace

void find_user_infos(std::string_view text, Spans& spans) {
    std::size_t floor = 0; // nothing before it is looked at again
    bool floor_is_user = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool is_sign = text[at] == '@';
        if (!is_sign && !(text[at] == '%' && text.substr(at, 3) == "%40")) continue;
        const std::size_t low = std::max(floor, at - std::min(at, word_max));
        std::size_t begin = at;
        while (begin > low && !ends_word(text[begin - 1]))
            --begin;
        const std::string_view word = text.substr(begin, at - begin);
        // An encoded '@' ends a user's part only where the whole address is encoded; else it is a
        // character of the password.
        if (!is_sign && word.find("%3") == std::string_view::npos) continue;
        const std::size_t sign_size = is_sign ? 1 : 3;
        // A password may hold an '@', and characters that end an authority.
        const bool goes_on = floor_is_user && begin == floor
                             && (word.find_first_of("/?#") == std::string_view::npos
                                 || begins_host_and_port(text, at + sign_size));
        const std::size_t user = goes_on ? 0 : user_info_of(word);
        const bool is_user = user != std::string_view::npos && begins_host(text, at + sign_size)
                             && !word.substr(user).empty();
        if (is_user && goes_on && !spans.empty() && spans.back().end + sign_size == floor)
            spans.back().end = at;
        else if (is_user && word.substr(user) != redaction_mark)
            spans.push_back({begin + user, at});
        floor = at + sign_size;
        floor_is_user = is_user;
    }
}

} // namespace squall::doctor
