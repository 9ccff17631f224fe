#include "posix-transport.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "loopback-socket.h"

namespace sample {

namespace {

std::string written(const lifeverse::HttpRequest& request, std::uint16_t port) {
  std::string out = request.method + " " + request.path + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
                    "\r\nAccept: application/json\r\nConnection: close\r\n";
  if (!request.body.empty()) out += "Content-Type: application/json\r\n";
  if (!request.body.empty() || request.method != "GET") out += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  return out + "\r\n" + request.body;
}

}  // namespace

PosixTransport::~PosixTransport() {
  for (auto& [id, exchange] : exchanges_) {
    if (exchange.socket >= 0) ::close(exchange.socket);
  }
}

lifeverse::Transport::RequestId PosixTransport::send(const lifeverse::HttpRequest& request, Done done) {
  const RequestId id = nextId_++;
  Exchange& exchange = exchanges_[id];
  exchange.socket = connectToLoopback(port_);
  exchange.out = written(request, port_);
  exchange.done = std::move(done);
  return id;
}

void PosixTransport::cancel(RequestId id) {
  const auto found = exchanges_.find(id);
  if (found == exchanges_.end()) return;
  if (found->second.socket >= 0) ::close(found->second.socket);
  exchanges_.erase(found);
}

lifeverse::Transport::StreamId PosixTransport::openStream(const lifeverse::StreamRequest& request, lifeverse::StreamEvents events) {
  const StreamId id = nextId_++;
  ++streamsOpened_;
  streams_[id] = {std::make_unique<PosixStream>(request, port_), std::make_shared<lifeverse::StreamEvents>(std::move(events))};
  return id;
}

void PosixTransport::closeStream(StreamId id) { streams_.erase(id); }

void PosixTransport::pump(int mostMs) {
  std::vector<RequestId> ids;
  std::vector<StreamId> streams;
  std::vector<pollfd> polled;
  for (const auto& [id, exchange] : exchanges_) {
    // Its connection failed at once: it is settled below.
    if (exchange.socket < 0) mostMs = 0;
    ids.push_back(id);
    polled.push_back({exchange.socket, static_cast<short>(exchange.written < exchange.out.size() ? POLLOUT : POLLIN), 0});
  }
  for (const auto& [id, open] : streams_) {
    if (open.stream->isOver()) mostMs = 0;
    streams.push_back(id);
    polled.push_back({open.stream->socket(), open.stream->wants(), 0});
  }
  ::poll(polled.data(), polled.size(), mostMs);
  // Streams first, whether or not they were ready by then: an answer that is read below was given after what they bring. What is delivered
  // may cancel and close what comes after it.
  for (const StreamId id : streams) read(id);
  for (std::size_t i = 0; i < ids.size(); ++i) settle(ids[i], polled[i].revents != 0);
}

void PosixTransport::settle(RequestId id, bool ready) {
  const auto found = exchanges_.find(id);
  if (found == exchanges_.end()) return;
  Exchange& exchange = found->second;
  if (exchange.socket >= 0 && !ready) return;
  const Step outcome = exchange.socket < 0 ? Step::Failed : step(exchange);
  if (outcome == Step::Going) return;
  const Done done = std::move(exchange.done);
  const lifeverse::HttpResponse response = outcome == Step::Done ? exchange.reader.response() : lifeverse::HttpResponse();
  if (exchange.socket >= 0) ::close(exchange.socket);
  exchanges_.erase(found);
  done(response);
}

void PosixTransport::read(StreamId id) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  PosixStream& stream = *found->second.stream;
  const std::vector<std::string> texts = stream.step();
  const bool isOver = stream.isOver();
  // Its own events may close it.
  const std::shared_ptr<lifeverse::StreamEvents> events = found->second.events;
  for (const std::string& text : texts) {
    if (streams_.count(id) > 0) events->message(text);
  }
  if (isOver && streams_.erase(id) > 0) events->closed();
}

PosixTransport::Step PosixTransport::step(Exchange& exchange) {
  while (exchange.written < exchange.out.size()) {
    const ssize_t sent = ::send(exchange.socket, exchange.out.data() + exchange.written, exchange.out.size() - exchange.written, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) return Step::Going;
      // The bridge may refuse a body that it has not read to its end: its answer is there all the same.
      if (errno == EPIPE || errno == ECONNRESET) return read(exchange) == Step::Done ? Step::Done : Step::Failed;
      return Step::Failed;
    }
    exchange.written += static_cast<std::size_t>(sent);
  }
  return read(exchange);
}

PosixTransport::Step PosixTransport::read(Exchange& exchange) {
  std::array<char, 64 * 1024> bytes;
  for (;;) {
    const ssize_t size = ::recv(exchange.socket, bytes.data(), bytes.size(), 0);
    if (size < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? Step::Going : Step::Failed;
    const auto state = size == 0 ? exchange.reader.close() : exchange.reader.feed({bytes.data(), static_cast<std::size_t>(size)});
    if (state == HttpResponseReader::State::Complete) return Step::Done;
    if (state == HttpResponseReader::State::Broken) return Step::Failed;
  }
}

}  // namespace sample
