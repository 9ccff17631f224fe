#include "udp-socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace sample {

namespace {

// Beyond this a datagram would be cut; none of the protocol's is as large.
constexpr std::size_t kLargest = 16 * 1024;

sockaddr* generic(sockaddr_in& address) { return reinterpret_cast<sockaddr*>(&address); }

}  // namespace

UdpSocket::~UdpSocket() {
  if (socket_ >= 0) ::close(socket_);
}

std::optional<std::uint16_t> UdpSocket::bind(const std::string& address, std::uint16_t port, std::string& fault) {
  sockaddr_in local{};
  local.sin_family = AF_INET;
  local.sin_port = htons(port);
  if (inet_pton(AF_INET, address.c_str(), &local.sin_addr) != 1) {
    fault = "\"" + address + "\" is no IPv4 address";
    return std::nullopt;
  }
  socket_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  socklen_t length = sizeof local;
  if (socket_ < 0 || ::bind(socket_, generic(local), sizeof local) != 0 || ::getsockname(socket_, generic(local), &length) != 0) {
    fault = std::strerror(errno);
    return std::nullopt;
  }
  return ntohs(local.sin_port);
}

bool UdpSocket::receive(Peer& from, std::string& datagram) {
  sockaddr_in remote{};
  socklen_t length = sizeof remote;
  datagram.resize(kLargest);
  const ssize_t size = ::recvfrom(socket_, datagram.data(), datagram.size(), 0, generic(remote), &length);
  if (size < 0) return false;
  datagram.resize(static_cast<std::size_t>(size));
  from = (static_cast<Peer>(ntohl(remote.sin_addr.s_addr)) << 16) | ntohs(remote.sin_port);
  return true;
}

void UdpSocket::send(Peer to, std::string_view datagram) {
  sockaddr_in remote{};
  remote.sin_family = AF_INET;
  remote.sin_port = htons(static_cast<std::uint16_t>(to & 0xFFFF));
  remote.sin_addr.s_addr = htonl(static_cast<std::uint32_t>(to >> 16));
  ::sendto(socket_, datagram.data(), datagram.size(), MSG_NOSIGNAL, generic(remote), sizeof remote);
}

}  // namespace sample
