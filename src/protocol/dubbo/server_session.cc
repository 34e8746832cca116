#include "protocol/dubbo/server_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "protocol/dubbo/event.h"

namespace meepo::dubbo {
namespace {

// A consumer sends a heartbeat when it has nothing else to send: after so many that did not come it is gone.
constexpr int kSilentHeartbeats = 3;
// Ids of the session's own events: no consumer waits for them.
constexpr std::uint64_t kReadOnlyId = 0;

constexpr std::uint8_t octet_of(Status status) { return static_cast<std::uint8_t>(status); }

}  // namespace

ServerSession::ServerSession(const ServerOptions& options, Check check, SteadyTime now)
    : options_(options), check_(std::move(check)), reader_(options.body_bytes_max), outbox_(options.outgoing_bytes_max), active_(now) {}

std::vector<ServedCall> ServerSession::receive(std::string_view octets, SteadyTime now) {
  std::vector<ServedCall> calls;
  while (!closed_) {
    const auto frame = reader_.next(octets);
    if (!frame) {
      close(frame.error().message);
    } else if (*frame) {
      // Only a whole frame counts: who sends one octet a minute is as good as silent.
      active_ = now;
      on_frame(**frame, calls);
    } else {
      break;
    }
  }
  return calls;
}

void ServerSession::on_frame(const Frame& frame, std::vector<ServedCall>& calls) {
  const auto& header = frame.header;
  if (frame.kind != Body::Held) {
    refuse(header, Status::BadRequest,
           fmt::format("Read a request of {} octets: expected 0 to {}.", frame.length, options_.body_bytes_max));
  } else if (!header.request) {
    // A consumer's answer to an event of ours: nothing waits for it.
  } else if (header.serialization != kHessian2) {
    refuse(header, Status::BadRequest,
           fmt::format("Read a request in serialization {}: expected {}, hessian2.", header.serialization, kHessian2));
  } else if (header.event) {
    on_event(frame);
  } else {
    on_call(frame, calls);
  }
}

void ServerSession::on_event(const Frame& frame) {
  if (!frame.header.two_way || event_of(frame.body) != Event::Heartbeat) return;
  write({.event = true, .status = octet_of(Status::Ok), .id = frame.header.id}, kHeartbeatBody);
}

void ServerSession::on_call(const Frame& frame, std::vector<ServedCall>& calls) {
  const auto& header = frame.header;
  if (open_.size() >= options_.calls_max) {
    return refuse(header, Status::ServerThreadpoolExhausted,
                  fmt::format("{} calls of this connection are being served; no more are taken.", open_.size()));
  }
  RequestDecoder decoder(frame.body);
  auto head = decoder.head();
  if (!head) return refuse(header, Status::BadRequest, head.error().message);
  if (const auto refusal = check_(*head)) return refuse(header, refusal->status, refusal->text);
  const auto version = head->dubbo_version;
  auto request = decoder.rest(*std::move(head));
  if (!request) {
    return refuse(header, request.error().code == Code::InvalidArgument ? Status::ServiceError : Status::BadRequest,
                  request.error().message);
  }
  const Open open{.id = header.id, .two_way = header.two_way, .attachments = takes_attachments(version), .generic = request->generic};
  const std::uint64_t ticket = next_ticket_++;
  open_.emplace_hint(open_.end(), ticket, open);
  if (is_echo(request->head)) return answer(ticket, Returned{.value = request->arguments.front()});
  calls.push_back({.ticket = ticket, .two_way = header.two_way, .request = *std::move(request)});
}

void ServerSession::answer(std::uint64_t ticket, const Answer& answer) {
  const auto at = open_.find(ticket);
  if (at == open_.end()) return;
  const Open open = at->second;
  open_.erase(at);
  if (!open.two_way) return;
  const FrameHeader header{.request = true, .two_way = true, .id = open.id};
  if (const auto* const failed = std::get_if<Failed>(&answer)) return refuse(header, failed->status, failed->text);
  const auto body = encode_response(answer, {.attachments = open.attachments, .generic = open.generic});
  if (!body) return refuse(header, Status::BadResponse, body.error().message);
  if (body->size() > options_.body_bytes_max) {
    return refuse(header, Status::BadResponse,
                  fmt::format("Write a response of {} octets: at most {}.", body->size(), options_.body_bytes_max));
  }
  write({.status = octet_of(Status::Ok), .id = open.id}, *body);
}

/// Answers a request (its header is given) with a status and a text; nothing if nobody waits for it.
void ServerSession::refuse(const FrameHeader& header, Status status, std::string_view text) {
  if (header.request && header.two_way) write({.event = header.event, .status = octet_of(status), .id = header.id}, encode_text(text));
}

void ServerSession::write(const FrameHeader& header, std::string_view body) {
  if (closed_) return;
  if (!outbox_.has_room(kHeaderBytes + body.size())) {
    return close(
        fmt::format("the consumer does not read: {} octets wait to be written, at most {}", outbox_.bytes(), options_.outgoing_bytes_max));
  }
  std::string frame;
  append_frame(frame, header, body);
  outbox_.push(std::move(frame));
}

void ServerSession::tick(SteadyTime now) {
  if (close_at_ && now >= *close_at_) return close("the provider stops");
  if (now >= active_ + kSilentHeartbeats * options_.heartbeat) {
    close(fmt::format("the consumer sent nothing for {} ms", kSilentHeartbeats * options_.heartbeat.count()));
  }
}

SteadyTime ServerSession::deadline() const {
  if (closed_) return SteadyTime::max();
  const SteadyTime silent = active_ + kSilentHeartbeats * options_.heartbeat;
  return close_at_ ? std::min(*close_at_, silent) : silent;
}

void ServerSession::stop(SteadyTime close_at) {
  if (close_at_ || closed_) return;
  close_at_ = close_at;
  write({.request = true, .event = true, .id = kReadOnlyId}, kReadOnlyBody);
}

void ServerSession::close(std::string_view reason) {
  if (closed_) return;
  closed_ = reason;
  open_.clear();
}

std::string ServerSession::take_output(SteadyTime now) {
  if (outbox_.empty()) return {};
  active_ = now;
  return outbox_.take();
}

}  // namespace meepo::dubbo
