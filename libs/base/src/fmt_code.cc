// fmt's code, compiled once. Debian has no archive of it, and its header-only mode compiles it
// again in every file, which costs more than all of our own code. These are the templates that its
// headers declare and leave to this file.
#include <fmt/format-inl.h>

namespace fmt::detail {

template FMT_API auto dragonbox::to_decimal(float value) noexcept -> dragonbox::decimal_fp<float>;
template FMT_API auto dragonbox::to_decimal(double value) noexcept -> dragonbox::decimal_fp<double>;
template FMT_API locale_ref::locale_ref(const std::locale& locale);
template FMT_API auto locale_ref::get<std::locale>() const -> std::locale;
template FMT_API auto thousands_sep_impl(locale_ref locale) -> thousands_sep_result<char>;
template FMT_API auto decimal_point_impl(locale_ref locale) -> char;
template FMT_API void buffer<char>::append(const char* begin, const char* end);
template FMT_API void vformat_to(buffer<char>& out,
                                 string_view format,
                                 basic_format_args<buffer_context<char>> arguments,
                                 locale_ref locale);

} // namespace fmt::detail
