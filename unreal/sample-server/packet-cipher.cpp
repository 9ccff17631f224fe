#include "packet-cipher.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <memory>

#include "packets.h"

namespace sample {

namespace {

constexpr std::size_t kCounterBytes = 8;
constexpr std::size_t kHeaderBytes = 1 + kCounterBytes;
constexpr std::size_t kTagBytes = 16;
constexpr std::string_view kLabel = "lifeverse/udp/1";

enum class Direction : unsigned char { ToServer = 'c', ToClient = 's' };

using Context = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

unsigned char* bytesOf(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
const unsigned char* bytesOf(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

Key derive(const Key& packetKey, Direction direction, const Random& client, const Random& server) {
  std::string input(kLabel);
  input.push_back(static_cast<char>(direction));
  input.append(client.begin(), client.end());
  input.append(server.begin(), server.end());
  Key key{};
  unsigned int length = 0;
  HMAC(EVP_sha256(), packetKey.data(), static_cast<int>(packetKey.size()), bytesOf(std::string_view(input)), input.size(), key.data(), &length);
  return key;
}

std::array<unsigned char, 12> nonceOf(Direction direction, std::uint64_t counter) {
  std::array<unsigned char, 12> nonce{};
  nonce[0] = static_cast<unsigned char>(direction);
  for (std::size_t i = 0; i < kCounterBytes; ++i) nonce[11 - i] = static_cast<unsigned char>(counter >> (8 * i));
  return nonce;
}

}  // namespace

std::optional<Random> freshRandom() {
  Random random{};
  if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) return std::nullopt;
  return random;
}

PacketCipher::PacketCipher(const Key& packetKey, const Random& client, const Random& server)
    : sendKey_(derive(packetKey, Direction::ToClient, client, server)), receiveKey_(derive(packetKey, Direction::ToServer, client, server)) {}

std::string PacketCipher::seal(std::string_view text) {
  const std::uint64_t counter = ++sent_;
  const auto nonce = nonceOf(Direction::ToClient, counter);
  std::string out(kHeaderBytes + text.size() + kTagBytes, '\0');
  out[0] = static_cast<char>(PacketKind::Sealed);
  for (std::size_t i = 0; i < kCounterBytes; ++i) out[1 + i] = static_cast<char>(nonce[4 + i]);
  const Context context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  int length = 0;
  const bool done = context && EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, sendKey_.data(), nonce.data()) == 1 &&
                    EVP_EncryptUpdate(context.get(), nullptr, &length, bytesOf(out), static_cast<int>(kHeaderBytes)) == 1 &&
                    EVP_EncryptUpdate(context.get(), bytesOf(out) + kHeaderBytes, &length, bytesOf(text), static_cast<int>(text.size())) == 1 &&
                    EVP_EncryptFinal_ex(context.get(), bytesOf(out) + kHeaderBytes + text.size(), &length) == 1 &&
                    EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, static_cast<int>(kTagBytes), bytesOf(out) + kHeaderBytes + text.size()) == 1;
  return done ? out : std::string();
}

std::optional<std::string> PacketCipher::open(std::string_view datagram) {
  if (datagram.size() < kHeaderBytes + kTagBytes) return std::nullopt;
  std::uint64_t counter = 0;
  for (std::size_t i = 0; i < kCounterBytes; ++i) counter = (counter << 8) | static_cast<unsigned char>(datagram[1 + i]);
  if (!received_.fresh(counter)) return std::nullopt;
  const auto nonce = nonceOf(Direction::ToServer, counter);
  const std::string_view sealed = datagram.substr(kHeaderBytes, datagram.size() - kHeaderBytes - kTagBytes);
  std::string tag(datagram.substr(datagram.size() - kTagBytes));
  std::string text(sealed.size() + 1, '\0');
  const Context context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  int length = 0;
  const bool genuine = context && EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, receiveKey_.data(), nonce.data()) == 1 &&
                       EVP_DecryptUpdate(context.get(), nullptr, &length, bytesOf(datagram), static_cast<int>(kHeaderBytes)) == 1 &&
                       EVP_DecryptUpdate(context.get(), bytesOf(text), &length, bytesOf(sealed), static_cast<int>(sealed.size())) == 1 &&
                       EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, static_cast<int>(kTagBytes), bytesOf(tag)) == 1 &&
                       EVP_DecryptFinal_ex(context.get(), bytesOf(text) + sealed.size(), &length) == 1;
  if (!genuine) return std::nullopt;
  received_.mark(counter);
  text.resize(sealed.size());
  return text;
}

}  // namespace sample
