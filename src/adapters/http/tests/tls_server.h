#pragma once
// An HTTPS server for tests on 127.0.0.1: its certificate, made anew for "localhost", is its own authority. It answers every request
// "200 secret". One thread, one connection at a time.

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

namespace meepo::adapters::http {

class TlsServer {
 public:
  TlsServer() : acceptor_(io_, {boost::asio::ip::address_v4::loopback(), 0}), tls_(boost::asio::ssl::context::tls_server) {
    make_certificate();
    tls_.use_certificate_file(certificate_file(), boost::asio::ssl::context::pem);
    tls_.use_private_key_file(folder_ + "/key.pem", boost::asio::ssl::context::pem);
    thread_ = std::thread([this] { serve(); });
  }
  ~TlsServer() {
    stopping_ = true;
    boost::system::error_code ignored;
    boost::asio::ip::tcp::socket wake(io_);
    wake.connect({boost::asio::ip::address_v4::loopback(), port()}, ignored);
    wake.close(ignored);
    thread_.join();
    std::remove(certificate_file().c_str());
    std::remove((folder_ + "/key.pem").c_str());
    rmdir(folder_.c_str());
  }

  std::uint16_t port() const { return port_; }
  std::string certificate_file() const { return folder_ + "/cert.pem"; }

 private:
  void make_certificate() {
    char name[] = "/tmp/meepo-tls-XXXXXX";
    folder_ = mkdtemp(name);
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3'600);
    X509_set_pubkey(certificate, key);
    X509_NAME* subject = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
    X509_set_issuer_name(certificate, subject);
    X509_EXTENSION* names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost");
    X509_add_ext(certificate, names, -1);
    X509_EXTENSION_free(names);
    X509_sign(certificate, key, EVP_sha256());
    std::FILE* file = std::fopen(certificate_file().c_str(), "w");
    PEM_write_X509(file, certificate);
    std::fclose(file);
    file = std::fopen((folder_ + "/key.pem").c_str(), "w");
    PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
  }

  void serve() {
    while (!stopping_) {
      boost::system::error_code error;
      boost::asio::ssl::stream<boost::asio::ip::tcp::socket> stream(acceptor_.accept(), tls_);
      stream.handshake(boost::asio::ssl::stream_base::server, error);
      if (error) continue;
      boost::asio::streambuf request;
      boost::asio::read_until(stream, request, "\r\n\r\n", error);
      const std::string reply = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nsecret";
      boost::asio::write(stream, boost::asio::buffer(reply), error);
      stream.shutdown(error);
    }
  }

  boost::asio::io_context io_;
  boost::asio::ip::tcp::acceptor acceptor_;
  const std::uint16_t port_ = acceptor_.local_endpoint().port();
  boost::asio::ssl::context tls_;
  std::string folder_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace meepo::adapters::http
