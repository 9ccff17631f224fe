#include "posix-stream.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "loopback-socket.h"

namespace sample {

namespace {

// Of the standard: what the key is digested with.
constexpr const char* kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

std::string base64(const unsigned char* bytes, std::size_t size) {
  std::string text(4 * ((size + 2) / 3) + 1, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes, static_cast<int>(size));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

template <std::size_t Size>
std::array<unsigned char, Size> randomBytes() {
  std::array<unsigned char, Size> bytes{};
  RAND_bytes(bytes.data(), static_cast<int>(Size));
  return bytes;
}

std::string newKey() {
  const auto bytes = randomBytes<16>();
  return base64(bytes.data(), bytes.size());
}

std::string acceptOf(const std::string& key) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  const std::string text = key + kGuid;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
  return base64(digest.data(), size);
}

std::string answer(unsigned char opcode, const std::string& payload) {
  const auto mask = randomBytes<4>();
  return maskedFrame(opcode, payload, {reinterpret_cast<const char*>(mask.data()), mask.size()});
}

}  // namespace

PosixStream::PosixStream(const lifeverse::StreamRequest& request, std::uint16_t port) : PosixStream(request, port, newKey()) {}

PosixStream::PosixStream(const lifeverse::StreamRequest& request, std::uint16_t port, const std::string& key)
    : socket_(connectToLoopback(port)), reader_(acceptOf(key), request.protocol) {
  out_ = "GET " + request.path + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: " + request.protocol + "\r\nSec-WebSocket-Key: " + key + "\r\n\r\n";
}

PosixStream::~PosixStream() { close(); }

void PosixStream::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

short PosixStream::wants() const { return static_cast<short>(out_.empty() ? POLLIN : POLLIN | POLLOUT); }

std::vector<std::string> PosixStream::step() {
  std::vector<std::string> texts;
  std::array<char, 64 * 1024> bytes;
  write();
  while (socket_ >= 0) {
    const ssize_t size = ::recv(socket_, bytes.data(), bytes.size(), 0);
    // Not connected yet, or nothing there: later.
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (size <= 0) {
      close();
      break;
    }
    for (WebSocketReader::Event& event : reader_.feed({bytes.data(), static_cast<std::size_t>(size)})) {
      switch (event.kind) {
        case WebSocketReader::Event::Kind::Opened: break;
        case WebSocketReader::Event::Kind::Text: texts.push_back(std::move(event.bytes)); break;
        case WebSocketReader::Event::Kind::Ping: out_ += answer(kPongFrame, event.bytes); break;
        case WebSocketReader::Event::Kind::Close:
          out_ += answer(kCloseFrame, event.bytes);
          write();
          close();
          break;
        case WebSocketReader::Event::Kind::Broken: close(); break;
      }
    }
  }
  write();
  return texts;
}

void PosixStream::write() {
  while (socket_ >= 0 && !out_.empty()) {
    const ssize_t sent = ::send(socket_, out_.data(), out_.size(), MSG_NOSIGNAL);
    if (sent >= 0) out_.erase(0, static_cast<std::size_t>(sent));
    else if (errno == EAGAIN || errno == EWOULDBLOCK) return;
    else close();
  }
}

}  // namespace sample
