// Where values end: in quotes at any depth of escaping, in lists, to the end of a word or of a
// line.
#pragma once

#include "redact/spans.h"

namespace squall::doctor {

// A quote, and how many backslashes stand before it: a string inside a string has one, and one
// inside that has three.
struct Quote {
    char sign = 0; // 0: none
    std::size_t depth = 0;
};

// The quote that ends right before `at`.
[[nodiscard]] Quote quote_before(std::string_view text, std::size_t at);
// The quote that begins at `at`, backslashes first.
[[nodiscard]] Quote quote_at(std::string_view text, std::size_t at);

[[nodiscard]] std::size_t end_of_line(std::string_view text, std::size_t at);
// A quote that nobody escaped may be a part of what it seems to end: password="hun"ter2".
[[nodiscard]] bool goes_on_behind(std::string_view text, std::size_t quote);
// Of what stands in quotes, from somewhere inside them; without a closing one, the end of the line.
// What goes on behind a quote ends at the next one, if there is one.
[[nodiscard]] std::size_t end_of_quoted(std::string_view text, std::size_t at, Quote quote);
// Of what stands without quotes: a blank, or a closing sign that another one or a blank follows.
[[nodiscard]] std::size_t end_of_word(std::string_view text, std::size_t at);
// The same with blanks in it.
[[nodiscard]] std::size_t end_of_words(std::string_view text, std::size_t at);
// Of {…}, from the brace on.
[[nodiscard]] std::size_t end_of_object(std::string_view text, std::size_t at);
// Of […], from the bracket on; gives the strings in it, or all of it where the first is none.
[[nodiscard]] Spans items_of_list(std::string_view text, std::size_t at);

} // namespace squall::doctor
