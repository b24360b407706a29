#include "http2/fields.h"
#include "http2/grpc.h"
#include "rewrite.h"
#include "squall/base/text.h"
#include "squall/http/treatment.h"

#include <fmt/format.h>

namespace squall::http {

Answer::Answer(int status, FieldList fields, std::string body)
    : status_(status),
      fields_(std::move(fields)),
      body_(std::move(body)),
      keeps_(make(/*closes=*/false)),
      closes_(make(/*closes=*/true)) {
    http2::write_plain(":status", std::to_string(status_), field_block_);
    for (const auto& [name, value] : fields_)
        http2::write_plain(lower(name), value, field_block_);
    if (has_length(status_))
        http2::write_plain("content-length",
                           std::to_string(has_content(status_) ? body_.size() : 0),
                           field_block_);
    http2::write_plain(":status", "200", grpc_block_);
    http2::write_plain("content-type", "application/grpc", grpc_block_);
    http2::write_plain("grpc-status", std::to_string(http2::grpc_status_of(status_)), grpc_block_);
    http2::write_plain("grpc-message", http2::grpc_message_of(status_), grpc_block_);
}

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
