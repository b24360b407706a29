#include "tls_server.h"

#include "squall/transport/socket.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <poll.h>
#include <sys/socket.h>

#include <csignal>
#include <memory>

namespace squall::transport {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

Certificate signed_by_itself(const CertificateWish& wish, EVP_PKEY* key) {
    Certificate made(X509_new(), &X509_free);
    X509_set_version(made.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 7);
    X509_gmtime_adj(X509_getm_notBefore(made.get()),
                    std::chrono::duration_cast<std::chrono::seconds>(wish.valid_from).count());
    X509_gmtime_adj(X509_getm_notAfter(made.get()),
                    std::chrono::duration_cast<std::chrono::seconds>(wish.valid_to).count());
    X509_set_pubkey(made.get(), key);
    X509_NAME* name = X509_get_subject_name(made.get());
    const auto* bytes = reinterpret_cast<const unsigned char*>(wish.name.c_str());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, bytes, -1, -1, 0);
    X509_set_issuer_name(made.get(), name);
    X509V3_CTX context{};
    X509V3_set_ctx(&context, made.get(), made.get(), nullptr, nullptr, 0);
    const std::string names = "DNS:" + wish.name;
    X509_EXTENSION* extension =
        X509V3_EXT_conf_nid(nullptr, &context, NID_subject_alt_name, names.c_str());
    X509_add_ext(made.get(), extension, -1);
    X509_EXTENSION_free(extension);
    X509_sign(made.get(), key, EVP_sha256());
    return made;
}

std::string pem_of(X509* certificate) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> memory(BIO_new(BIO_s_mem()), &BIO_free);
    PEM_write_bio_X509(memory.get(), certificate);
    char* bytes = nullptr;
    const long size = BIO_ctrl(memory.get(), BIO_CTRL_INFO, 0, static_cast<void*>(&bytes));
    return {bytes, static_cast<std::size_t>(size)};
}

// Until the listening socket is shut down.
void serve(int listening, SSL_CTX* context) {
    for (;;) {
        pollfd waited{listening, POLLIN, 0};
        ::poll(&waited, 1, -1);
        const Fd client(::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC));
        if (!client) return;
        const std::unique_ptr<SSL, decltype(&SSL_free)> tls(SSL_new(context), &SSL_free);
        SSL_set_fd(tls.get(), client.get());
        if (SSL_accept(tls.get()) == 1) SSL_shutdown(tls.get());
    }
}

} // namespace

TlsServer::TlsServer(const CertificateWish& wish) : listening_(listen_tcp("127.0.0.1", 0).value()) {
    std::signal(SIGPIPE, SIG_IGN); // a client that does not like the certificate hangs up
    port_ = port_of(listening_).value();
    const Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), &EVP_PKEY_free);
    const Certificate made = signed_by_itself(wish, key.get());
    certificate_ = pem_of(made.get());
    const std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
    SSL_CTX_use_certificate(context.get(), made.get());
    SSL_CTX_use_PrivateKey(context.get(), key.get());
    thread_ = std::thread([fd = listening_.get(), context] { serve(fd, context.get()); });
}

TlsServer::~TlsServer() {
    ::shutdown(listening_.get(), SHUT_RDWR);
    thread_.join();
}

} // namespace squall::transport
