#include "protocol/dubbo/client_session.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/dubbo/event.h"

namespace meepo::dubbo {
namespace {

// A provider that is silent for so many heartbeats is lost: each of them would have been answered.
constexpr int kSilentHeartbeats = 3;

CallEnd failed(std::uint64_t call, Code code, std::string message, bool sent) {
  return {.call = call, .outcome = std::unexpected(CallFailure{.error = {.code = code, .message = std::move(message)}, .sent = sent})};
}

}  // namespace

Code code_of(std::uint8_t status) {
  switch (static_cast<Status>(status)) {
    case Status::ClientTimeout:
    case Status::ServerTimeout: return Code::Timeout;
    case Status::BadRequest:
    case Status::ServiceError: return Code::InvalidArgument;
    case Status::ServiceNotFound: return Code::NotFound;
    case Status::ServerThreadpoolExhausted: return Code::Unavailable;
    case Status::Ok:
    case Status::SerializationError:
    case Status::ChannelInactive:
    case Status::BadResponse:
    case Status::ServerError:
    case Status::ClientError: break;
  }
  return Code::Unknown;
}

ClientSession::ClientSession(const ClientOptions& options, SteadyTime now)
    : options_(options),
      reader_(options.body_bytes_max),
      outbox_(options.outgoing_bytes_max),
      received_(now),
      sent_(now),
      heartbeat_(now) {}

Result<ClientSession::Sent> ClientSession::send(std::string_view body, bool two_way) {
  if (closed_) return fail(Code::Unavailable, fmt::format("call a provider: the connection is closed ({})", *closed_));
  if (stopping_) return fail(Code::Unavailable, "call a provider: it is stopping and takes no new calls");
  if (body.size() > options_.body_bytes_max) {
    return fail(Code::Exhausted,
                fmt::format("call a provider: the request has {} octets; at most {}", body.size(), options_.body_bytes_max));
  }
  if (!outbox_.has_room(kHeaderBytes + body.size())) {
    return fail(Code::Exhausted, fmt::format("call a provider: {} octets wait to be written to it; at most {} with this request",
                                             outbox_.bytes(), options_.outgoing_bytes_max));
  }
  const std::uint64_t id = next_id_++;
  std::string frame;
  append_frame(frame, {.request = true, .two_way = two_way, .id = id}, body);
  return Sent{.id = id, .frame = outbox_.push(std::move(frame))};
}

Result<std::uint64_t> ClientSession::call(std::string_view body, SteadyTime deadline) {
  if (open_.size() >= options_.calls_max) {
    return fail(Code::Exhausted, fmt::format("call a provider: {} calls are open on this connection; no more are taken", open_.size()));
  }
  const auto sent = send(body, true);
  if (!sent) return fail(sent.error());
  open_.emplace_hint(open_.end(), sent->id, Open{.deadline = deadline, .frame = sent->frame});
  deadlines_.emplace(deadline, sent->id);
  return sent->id;
}

Result<void> ClientSession::notify(std::string_view body) {
  if (const auto sent = send(body, false); !sent) return fail(sent.error());
  return {};
}

void ClientSession::forget(std::uint64_t call) {
  const auto at = open_.find(call);
  if (at == open_.end()) return;
  outbox_.withdraw(at->second.frame);
  erase(at);
}

ClientSession::Calls::iterator ClientSession::erase(Calls::iterator at) {
  deadlines_.erase({at->second.deadline, at->first});
  return open_.erase(at);
}

std::vector<CallEnd> ClientSession::receive(std::string_view octets, SteadyTime now) {
  std::vector<CallEnd> ends;
  if (!octets.empty()) received_ = now;
  while (!closed_) {
    const auto frame = reader_.next(octets);
    if (!frame) {
      close_all(frame.error().message, ends);
    } else if (*frame) {
      on_frame(**frame, ends);
    } else {
      break;
    }
  }
  return ends;
}

void ClientSession::on_frame(const Frame& frame, std::vector<CallEnd>& ends) {
  if (frame.header.request) return on_request(frame);
  // The answer to a heartbeat has done its work by arriving.
  if (!frame.header.event) on_response(frame, ends);
}

void ClientSession::on_request(const Frame& frame) {
  const auto event = event_of(frame.body);
  const bool is_held_event = frame.header.event && frame.kind == Body::Held;
  if (is_held_event && event == Event::ReadOnly) stopping_ = true;
  // Without room its sender does not read what it asked for: it gets no more of it.
  if (!frame.header.two_way || !outbox_.has_room(kHeaderBytes * 8)) return;
  std::string answer;
  if (is_held_event && event == Event::Heartbeat) {
    append_frame(answer, {.event = true, .status = static_cast<std::uint8_t>(Status::Ok), .id = frame.header.id}, kHeartbeatBody);
  } else if (!frame.header.event) {
    const auto status = static_cast<std::uint8_t>(Status::BadRequest);
    append_frame(answer, {.status = status, .id = frame.header.id}, encode_text("This end of the connection serves no calls."));
  }
  if (!answer.empty()) outbox_.push(std::move(answer));
}

void ClientSession::on_response(const Frame& frame, std::vector<CallEnd>& ends) {
  const auto at = open_.find(frame.header.id);
  if (at == open_.end()) return;  // answered, timed out or forgotten before
  const std::uint64_t call = at->first;
  // A request that never left has no answer: the provider's number is wrong, and the true answer will come.
  if (!outbox_.is_taken(at->second.frame)) return;
  erase(at);
  if (frame.kind != Body::Held) {
    ends.push_back(
        failed(call, Code::Unknown, fmt::format("read a response of {} octets: at most {}", frame.length, options_.body_bytes_max), true));
  } else if (frame.header.serialization != kHessian2) {
    ends.push_back(failed(call, Code::Unknown,
                          fmt::format("read a response in serialization {}: expected {}, hessian2", frame.header.serialization, kHessian2),
                          true));
  } else if (frame.header.status != static_cast<std::uint8_t>(Status::Ok)) {
    ends.push_back(failed(call, code_of(frame.header.status), decode_text(frame.body), true));
    ends.back().outcome.error().status = frame.header.status;
  } else if (auto response = decode_response(frame.body)) {
    ends.push_back({.call = call, .outcome = *std::move(response)});
  } else {
    ends.push_back(failed(call, Code::Unknown, std::move(response.error().message), true));
  }
}

std::vector<CallEnd> ClientSession::tick(SteadyTime now) {
  std::vector<CallEnd> ends;
  if (closed_) return ends;
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const auto at = open_.find(deadlines_.begin()->second);
    const bool sent = outbox_.is_taken(at->second.frame);
    outbox_.withdraw(at->second.frame);
    ends.push_back(failed(at->first, Code::Timeout,
                          sent ? "wait for a response: none came in time" : "send a request: it could not be written in time", sent));
    erase(at);
  }
  if (now >= lost_at()) {
    close_all(fmt::format("the provider sent nothing for {} ms", kSilentHeartbeats * options_.heartbeat.count()), ends);
  } else if (now >= heartbeat_due()) {
    std::string frame;
    append_frame(frame, {.request = true, .two_way = true, .event = true, .id = next_id_++}, kHeartbeatBody);
    outbox_.push(std::move(frame));
    heartbeat_ = now;
  }
  return ends;
}

SteadyTime ClientSession::heartbeat_due() const { return std::max(std::min(received_, sent_), heartbeat_) + options_.heartbeat; }
SteadyTime ClientSession::lost_at() const { return received_ + kSilentHeartbeats * options_.heartbeat; }

SteadyTime ClientSession::deadline() const {
  if (closed_) return SteadyTime::max();
  const auto due = std::min(heartbeat_due(), lost_at());
  return deadlines_.empty() ? due : std::min(due, deadlines_.begin()->first);
}

std::vector<CallEnd> ClientSession::close(std::string_view reason) {
  std::vector<CallEnd> ends;
  close_all(reason, ends);
  return ends;
}

void ClientSession::close_all(std::string_view reason, std::vector<CallEnd>& ends) {
  if (closed_) return;
  closed_ = reason;
  for (const auto& [call, open] : open_) {
    const bool sent = outbox_.is_taken(open.frame);
    ends.push_back(failed(call, sent ? Code::Unknown : Code::Unavailable,
                          fmt::format("call a provider: the connection is closed ({})", reason), sent));
  }
  open_.clear();
  deadlines_.clear();
  outbox_.take();
}

std::string ClientSession::take_output(SteadyTime now) {
  if (outbox_.empty()) return {};
  sent_ = now;
  return outbox_.take();
}

}  // namespace meepo::dubbo
