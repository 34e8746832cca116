#pragma once
// A plain blocking HTTP client for tests: it sends exactly the bytes it is given. Every wait ends after kPatience.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "net/address.h"

namespace meepo::net::test {

struct Reply {
  int status = 0;  ///< 0: the connection ended before a whole response came
  std::string head;
  std::string body;

  bool has(std::string_view text) const { return head.find(text) != std::string::npos || body.find(text) != std::string::npos; }
};

class RawClient {
 public:
  explicit RawClient(const Address& address) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval kPatience{.tv_sec = 20, .tv_usec = 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof(kPatience));
    setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof(kPatience));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(address.port);
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    connected_ = connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0;
  }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  ~RawClient() { close(fd_); }

  bool connected() const { return connected_; }

  /// False if the peer took no more.
  bool send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  /// The next response. `head_only`: it has no body whatever its Content-Length says.
  Reply read(bool head_only = false) {
    std::size_t end = std::string::npos;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!fill()) return {};
    }
    Reply reply{.status = 0, .head = buffer_.substr(0, end + 4), .body = {}};
    buffer_.erase(0, end + 4);
    std::size_t length = 0;
    if (const auto at = reply.head.find("Content-Length: "); at != std::string::npos && !head_only) {
      std::from_chars(reply.head.data() + at + 16, reply.head.data() + reply.head.size(), length);
    }
    while (buffer_.size() < length) {
      if (!fill()) return {};
    }
    reply.body = buffer_.substr(0, length);
    buffer_.erase(0, length);
    std::from_chars(reply.head.data() + 9, reply.head.data() + 12, reply.status);
    return reply;
  }

  /// True when the peer has ended the connection and nothing is left to read.
  bool ended() { return buffer_.empty() && !fill(); }

  /// Everything up to the end of the connection.
  std::string rest() {
    while (fill()) {}
    return std::exchange(buffer_, {});
  }

  Reply ask(std::string_view bytes) {
    send(bytes);
    return read();
  }

 private:
  bool fill() {
    char bytes[16'384];
    const auto got = recv(fd_, bytes, sizeof(bytes), 0);
    if (got <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(got));
    return true;
  }

  int fd_;
  bool connected_ = false;
  std::string buffer_;
};

/// A request as curl would write it.
inline std::string request_text(std::string_view method, std::string_view target, std::string_view body = {},
                                std::string_view headers = "Host: localhost\r\nContent-Type: application/json\r\n") {
  std::string text(method);
  text.append(" ").append(target).append(" HTTP/1.1\r\n").append(headers);
  if (method == "POST") text.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  return text.append("\r\n").append(body);
}

}  // namespace meepo::net::test
