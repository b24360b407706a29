#include "tls_layer.h"

#include "resolve.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <openssl/err.h>
#include <openssl/x509v3.h>

namespace squall::transport {

namespace asio = boost::asio;
using boost::system::error_code;

struct TlsIdentity::Parts {
    // NOLINTNEXTLINE(misc-non-private-member-variables-in-classes): this file's own
    asio::ssl::context context{asio::ssl::context::tls_server};
};

struct TlsTrust::Parts {
    // NOLINTNEXTLINE(misc-non-private-member-variables-in-classes): this file's own
    asio::ssl::context context{asio::ssl::context::tls_client};
};

namespace {

constexpr std::size_t names_max = 100;

WallTime time_of(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
    return Wall::from_time_t(::timegm(&parts));
}

std::string text_of(const X509_NAME* name) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> memory(BIO_new(BIO_s_mem()), &BIO_free);
    if (!memory || X509_NAME_print_ex(memory.get(), name, 0, XN_FLAG_RFC2253) < 0) return {};
    char* bytes = nullptr;
    const long size = BIO_ctrl(memory.get(), BIO_CTRL_INFO, 0, static_cast<void*>(&bytes));
    return {bytes, static_cast<std::size_t>(std::max(0L, size))};
}

TlsVerdict::Kind kind_of(int code) {
    switch (code) {
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return TlsVerdict::Kind::too_early;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return TlsVerdict::Kind::too_late;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return TlsVerdict::Kind::wrong_name;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        return TlsVerdict::Kind::unknown_authority;
    default:
        return TlsVerdict::Kind::other;
    }
}

std::vector<std::string> names_of(X509* certificate) {
    std::vector<std::string> names;
    auto* listed = static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
    for (int i = 0; i < sk_GENERAL_NAME_num(listed) && names.size() < names_max; ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(listed, i);
        if (name->type != GEN_DNS) continue;
        const auto* text = ASN1_STRING_get0_data(name->d.dNSName);
        names.emplace_back(reinterpret_cast<const char*>(text),
                           static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
    }
    GENERAL_NAMES_free(listed);
    return names;
}

class Layer final : public TlsLayer {
public:
    Layer(Socket& socket, asio::ssl::context& context, asio::ssl::stream_base::handshake_type side)
        : stream_(socket, context), side_(side) {}

    void expect(const std::string& host) {
        stream_.set_verify_mode(asio::ssl::verify_peer);
        // A certificate that is not accepted is known only while it is looked at.
        stream_.set_verify_callback([this](bool accepted, asio::ssl::verify_context& context) {
            if (!accepted) note(context.native_handle());
            return accepted;
        });
        // OpenSSL's own check, because it says what it did not like.
        X509_VERIFY_PARAM* const expected = SSL_get0_param(stream_.native_handle());
        if (numeric_endpoint(host, 0)) {
            X509_VERIFY_PARAM_set1_ip_asc(expected, host.c_str());
            return;
        }
        X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        X509_VERIFY_PARAM_set1_host(expected, host.c_str(), host.size());
        // The server name for SNI; OpenSSL's own macro for it casts in the old style.
        SSL_ctrl(stream_.native_handle(),
                 SSL_CTRL_SET_TLSEXT_HOSTNAME,
                 TLSEXT_NAMETYPE_host_name,
                 const_cast<char*>(host.c_str()));
    }

    void handshake(Done done) override {
        ::ERR_clear_error();
        stream_.async_handshake(side_, std::move(done));
    }

    void read_some(const std::vector<asio::mutable_buffer>& into, TransferDone done) override {
        stream_.async_read_some(into, std::move(done));
    }

    void write_some(const std::vector<asio::const_buffer>& from, TransferDone done) override {
        stream_.async_write_some(from, std::move(done));
    }

    [[nodiscard]] TlsVerdict verdict() const override { return verdict_; }

private:
    void note(X509_STORE_CTX* context) {
        const int code = X509_STORE_CTX_get_error(context);
        verdict_.kind = kind_of(code);
        verdict_.text = X509_verify_cert_error_string(code);
        X509* const certificate = X509_STORE_CTX_get_current_cert(context);
        if (certificate == nullptr) return;
        verdict_.valid_from = time_of(X509_get0_notBefore(certificate));
        verdict_.valid_until = time_of(X509_get0_notAfter(certificate));
        verdict_.names = names_of(certificate);
        verdict_.certificate = fmt::format("subject {}, issuer {}, valid from {} to {}",
                                           text_of(X509_get_subject_name(certificate)),
                                           text_of(X509_get_issuer_name(certificate)),
                                           rfc3339_seconds(verdict_.valid_from),
                                           rfc3339_seconds(verdict_.valid_until));
    }

    asio::ssl::stream<Socket&> stream_;
    asio::ssl::stream_base::handshake_type side_;
    TlsVerdict verdict_;
};

} // namespace

TlsIdentity::TlsIdentity(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

TlsIdentity::~TlsIdentity() = default;

Result<std::shared_ptr<const TlsIdentity>> TlsIdentity::make(const std::string& certificates_pem,
                                                             const std::string& key_pem) {
    auto parts = std::make_unique<Parts>();
    SSL_CTX_set_min_proto_version(parts->context.native_handle(), TLS1_2_VERSION);
    error_code error;
    parts->context.use_certificate_chain(asio::buffer(certificates_pem), error);
    if (error) return fail(Errc::invalid_input, "reading a certificate: {}", error.message());
    parts->context.use_private_key(asio::buffer(key_pem), asio::ssl::context::pem, error);
    if (error) return fail(Errc::invalid_input, "reading a private key: {}", error.message());
    return std::make_shared<const TlsIdentity>(std::move(parts));
}

TlsTrust::TlsTrust(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {
    SSL_CTX_set_min_proto_version(parts_->context.native_handle(), TLS1_2_VERSION);
}

TlsTrust::~TlsTrust() = default;

Result<std::shared_ptr<TlsTrust>> TlsTrust::from_file(const Path& file) {
    auto trust = of_nobody();
    error_code error;
    trust->parts().context.load_verify_file(file.string(), error);
    if (error) return fail(Errc::invalid_input, "{}", error.message());
    return trust;
}

std::shared_ptr<TlsTrust> TlsTrust::of_nobody() {
    return std::make_shared<TlsTrust>(std::make_unique<Parts>());
}

std::unique_ptr<TlsLayer> tls_client(Socket& socket, TlsTrust& trust, const std::string& host) {
    auto layer =
        std::make_unique<Layer>(socket, trust.parts().context, asio::ssl::stream_base::client);
    layer->expect(host);
    return layer;
}

std::unique_ptr<TlsLayer> tls_server(Socket& socket, const TlsIdentity& identity) {
    return std::make_unique<Layer>(
        socket, identity.parts().context, asio::ssl::stream_base::server);
}

bool is_tls_error(const error_code& error) {
    return error.category() == asio::error::get_ssl_category();
}

bool is_tls_cut(const error_code& error) { return error == asio::ssl::error::stream_truncated; }

} // namespace squall::transport
