// A UDP socket over IPv4 that never blocks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sample {

// An IPv4 address and port in one number, fit to be a key.
using Peer = std::uint64_t;

class UdpSocket {
 public:
  UdpSocket() = default;
  ~UdpSocket();
  UdpSocket(const UdpSocket&) = delete;
  UdpSocket& operator=(const UdpSocket&) = delete;

  // The port really bound, or nothing with the reason in `fault`.
  std::optional<std::uint16_t> bind(const std::string& address, std::uint16_t port, std::string& fault);
  // The next datagram that has come; false for none.
  bool receive(Peer& from, std::string& datagram);
  // What cannot be sent at once is lost, as datagrams may be.
  void send(Peer to, std::string_view datagram);
  int descriptor() const { return socket_; }

 private:
  int socket_ = -1;
};

}  // namespace sample
