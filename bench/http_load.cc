#include "bench/http_load.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "bench/blocking_socket.h"

namespace meepo::bench {
namespace {

/// Bytes of the first whole response in `text`; 0: more must come.
std::size_t response_bytes(std::string_view text) {
  const std::size_t head = text.find("\r\n\r\n");
  if (head == std::string_view::npos) {
    return 0;
  }
  const std::string_view name = "Content-Length: ";
  const std::size_t length = text.find(name);
  std::size_t bytes = 0;
  if (length < head) {
    std::from_chars(text.data() + length + name.size(), text.data() + head, bytes);
  }
  return head + 4 + bytes <= text.size() ? head + 4 + bytes : 0;
}

struct Connection {
  int socket = -1;
  std::string received;
};

}  // namespace

Figures create_over_http(const Options& options) {
  const std::string body = std::string(R"({"appId":"bench","kind":"REAL","target":{"service":{"interface":")") + kInterface +
                           R"(","method":"noop","params":[]}}})";
  const std::string request = "POST /v1/tasks HTTP/1.1\r\nHost: " + options.server +
                              "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  std::vector<Connection> connections(static_cast<std::size_t>(options.in_flight));
  const int poll = epoll_create1(EPOLL_CLOEXEC);
  for (std::size_t i = 0; i < connections.size(); ++i) {
    connections[i].socket = connect_to(options.server);
    epoll_event event{.events = EPOLLIN, .data = {.u64 = i}};
    epoll_ctl(poll, EPOLL_CTL_ADD, connections[i].socket, &event);
  }
  Figures figures;
  figures.begin();
  int sent = 0;
  for (auto& connection : connections) {
    if (sent < options.tasks) {
      send_all(connection.socket, request);
      ++sent;
    }
  }
  std::vector<epoll_event> events(connections.size());
  std::string buffer(std::size_t{64} << 10U, '\0');
  for (int answered = 0; answered < options.tasks;) {
    const int ready = epoll_wait(poll, events.data(), static_cast<int>(events.size()), 30'000);
    if (ready <= 0) {
      die("no answer within 30 s");
    }
    for (int i = 0; i < ready; ++i) {
      auto& connection = connections[events[static_cast<std::size_t>(i)].data.u64];
      const ssize_t got = recv(connection.socket, buffer.data(), buffer.size(), 0);
      if (got <= 0) {
        die("recv");
      }
      connection.received.append(buffer, 0, static_cast<std::size_t>(got));
      const std::size_t whole = response_bytes(connection.received);
      if (whole == 0) {
        continue;
      }
      figures.count(connection.received.starts_with("HTTP/1.1 20"));
      connection.received.erase(0, whole);
      ++answered;
      if (sent < options.tasks) {
        send_all(connection.socket, request);
        ++sent;
      }
    }
  }
  figures.end();
  for (const auto& connection : connections) {
    close(connection.socket);
  }
  close(poll);
  return figures;
}

}  // namespace meepo::bench
