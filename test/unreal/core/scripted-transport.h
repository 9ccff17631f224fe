// A transport whose answers and news the spec gives, one by one.
#pragma once

#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/transport.h"

class ScriptedTransport final : public lifeverse::Transport {
 public:
  RequestId send(const lifeverse::HttpRequest& request, Done done) override {
    const RequestId id = ++last_;
    open_[id] = {request, std::move(done)};
    sent.push_back(request.method + " " + request.path);
    return id;
  }

  void cancel(RequestId id) override {
    if (open_.erase(id) > 0) ++cancelled;
  }

  StreamId openStream(const lifeverse::StreamRequest& request, lifeverse::StreamEvents events) override {
    if (!hasStreams) return 0;
    opened.push_back(request.path + " " + request.protocol);
    streams_[++last_] = std::make_shared<lifeverse::StreamEvents>(std::move(events));
    return last_;
  }
  void closeStream(StreamId id) override { streams_.erase(id); }
  std::size_t streams() const { return streams_.size(); }
  // By the newest stream that is open; false where there is none.
  bool say(const std::string& text) {
    if (streams_.empty()) return false;
    const auto events = streams_.rbegin()->second;
    events->message(text);
    return true;
  }
  bool cutStream() {
    if (streams_.empty()) return false;
    const auto events = streams_.rbegin()->second;
    streams_.erase(std::prev(streams_.end()));
    events->closed();
    return true;
  }

  // The oldest open request whose path begins so; false where there is none.
  bool answer(const std::string& path, int status, const std::string& body, lifeverse::Millis retryAfterMs = 0) {
    return settle(path, {lifeverse::HttpResponse::Outcome::Answered, status, body, retryAfterMs});
  }
  bool breakOff(const std::string& path) { return settle(path, {}); }

  bool isOpen(const std::string& path) const { return bodyOf(path) != nullptr; }
  // The body of the oldest open request whose path begins so, or null.
  const std::string* bodyOf(const std::string& path) const {
    for (const auto& [id, exchange] : open_) {
      if (exchange.request.path.rfind("/lifeverse/v1" + path, 0) == 0) return &exchange.request.body;
    }
    return nullptr;
  }

  bool hasStreams = false;
  // Path and subprotocol of each.
  std::vector<std::string> opened;
  std::vector<std::string> sent;
  int cancelled = 0;

 private:
  struct Exchange {
    lifeverse::HttpRequest request;
    Done done;
  };

  bool settle(const std::string& path, const lifeverse::HttpResponse& response) {
    for (auto& [id, exchange] : open_) {
      if (exchange.request.path.rfind("/lifeverse/v1" + path, 0) != 0) continue;
      const Done done = std::move(exchange.done);
      open_.erase(id);
      done(response);
      return true;
    }
    return false;
  }

  RequestId last_ = 0;
  std::map<RequestId, Exchange> open_;
  std::map<StreamId, std::shared_ptr<lifeverse::StreamEvents>> streams_;
};
