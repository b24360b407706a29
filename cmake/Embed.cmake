# Writes OUTPUT, a C++ source with the bytes of INPUT: squall::doctor::embedded_catalogue().
file(READ ${INPUT} hex HEX)
string(LENGTH "${hex}" digits)
math(EXPR size "${digits} / 2")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
string(REGEX REPLACE "('[^']+','[^']+','[^']+','[^']+','[^']+','[^']+','[^']+','[^']+','[^']+','[^']+','[^']+','[^']+','[^']+','[^']+','[^']+','[^']+',)" "\\1\n" bytes "${bytes}")
file(WRITE ${OUTPUT} "#include <string_view>\n\nnamespace squall::doctor {\n\nstd::string_view embedded_catalogue();\n
namespace {\nconstexpr char bytes[] = {\n${bytes}'\\0'};\n}\n
std::string_view embedded_catalogue() { return {bytes, ${size}}; }\n\n} // namespace squall::doctor\n")
