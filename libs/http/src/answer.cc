#include "rewrite.h"
#include "squall/http/treatment.h"

#include <fmt/format.h>

namespace squall::http {

Answer::Answer(int status, FieldList fields, std::string body)
    : status_(status),
      fields_(std::move(fields)),
      body_(std::move(body)),
      keeps_(make(/*closes=*/false)),
      closes_(make(/*closes=*/true)) {}

Answer::Form Answer::make(bool closes) const {
    Form form{fmt::format("HTTP/1.1 {} {}\r\n", status_, reason_of(status_)), 0};
    for (const auto& [name, value] : fields_)
        form.text += fmt::format("{}: {}\r\n", name, value);
    if (has_length(status_))
        form.text += fmt::format("Content-Length: {}\r\n", has_content(status_) ? body_.size() : 0);
    if (closes) form.text += "Connection: close\r\n";
    form.text += "\r\n";
    form.head_size = form.text.size();
    if (has_content(status_)) form.text += body_;
    return form;
}

std::string_view Answer::bytes(bool is_to_head, bool closes) const {
    const Form& form = closes ? closes_ : keeps_;
    return std::string_view(form.text).substr(0, is_to_head ? form.head_size : form.text.size());
}

} // namespace squall::http
