// A transport whose answers the spec gives, one by one.
#pragma once

#include <map>
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
};
