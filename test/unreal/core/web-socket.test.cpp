#include <gtest/gtest.h>

#include "sample-server/web-socket-reader.h"

using namespace sample;
using Kind = WebSocketReader::Event::Kind;

namespace {

const std::string kHead =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Accept: digest=\r\n"
    "Sec-WebSocket-Protocol: lifeverse.v1\r\n\r\n";

std::string replaced(std::string text, const std::string& part, const std::string& by) { return text.replace(text.find(part), part.size(), by); }

// As a server writes it.
std::string frame(int first, const std::string& payload) {
  std::string out(1, static_cast<char>(first));
  const std::size_t size = payload.size();
  const auto push = [&out](std::size_t byte) { out.push_back(static_cast<char>(byte & 0xFF)); };
  if (size < 126) push(size);
  else if (size < 65'536) push(126), push(size >> 8), push(size);
  else {
    push(127);
    for (int shift = 56; shift >= 0; shift -= 8) push(size >> shift);
  }
  return out + payload;
}

// What comes of these bytes, fed in pieces of this size: "O" opened, "T<text>", "P<ping>", "C" closed, "X" broken.
std::string outcome(const std::string& bytes, std::size_t piece) {
  WebSocketReader reader("digest=", "lifeverse.v1");
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    for (const WebSocketReader::Event& event : reader.feed(std::string_view(bytes).substr(at, piece))) {
      const char* names = "OTPCX";
      out += names[static_cast<int>(event.kind)];
      out += event.bytes.size() < 100 ? event.bytes : std::to_string(event.bytes.size());
      out += ' ';
    }
  }
  return out;
}

std::string both(const std::string& bytes) {
  const std::string whole = outcome(bytes, bytes.size() + 1);
  return whole == outcome(bytes, 1) ? whole : "differs by pieces";
}

}  // namespace

TEST(WebSocketReader, TextsComeWholeHoweverTheyWereCutAndWhateverComesBetween) {
  ASSERT_EQ(both(kHead), "O ");
  ASSERT_EQ(both(kHead + frame(0x81, "one") + frame(0x81, "")), "O Tone T ");
  ASSERT_EQ(both(kHead + frame(0x01, "one ") + frame(0x89, "ping") + frame(0x00, "two ") + frame(0x8A, "pong") + frame(0x80, "three")), "O Pping Tone two three ");
  ASSERT_EQ(both(kHead + frame(0x81, std::string(126, 'x')) + frame(0x81, std::string(70'000, 'x'))), "O T126 T70000 ");
  // What is no text is of no use, and what comes after a close is nothing.
  ASSERT_EQ(both(kHead + frame(0x82, "bytes") + frame(0x88, std::string("\x03\xE9", 2) + "why") + frame(0x81, "late")), std::string("O C\x03\xE9 "));
}

TEST(WebSocketReader, AnAnswerThatIsNoUpgradeToOurProtocolIsRefused) {
  ASSERT_EQ(both(replaced(kHead, "101", "200")), "X ");
  ASSERT_EQ(both(replaced(kHead, "digest=", "other=")), "X ");
  ASSERT_EQ(both(replaced(kHead, "lifeverse.v1", "lifeverse.v2")), "X ");
  ASSERT_EQ(both(replaced(kHead, "Sec-WebSocket-Protocol: lifeverse.v1\r\n", "")), "X ");
  ASSERT_EQ(both(replaced(kHead, "keep-alive, Upgrade", "keep-alive")), "X ");
  ASSERT_EQ(both(replaced(kHead, "websocket", "h2c")), "X ");
  ASSERT_EQ(both(replaced(kHead, "\r\n\r\n", "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n")), "X ");
  ASSERT_EQ(both("HTTP/1.1 403 forbidden\r\nConnection: close\r\n\r\n{}"), "X ");
  ASSERT_EQ(both(replaced(kHead, "\r\n\r\n", "\r\nX: " + std::string(20'000, 'x'))), "X ");
}

TEST(WebSocketReader, AFrameThatTheStandardForbidsBreaksTheStream) {
  ASSERT_EQ(both(kHead + std::string("\x81\x83mask", 6)), "O X ");
  ASSERT_EQ(both(kHead + frame(0xC1, "compressed")), "O X ");
  ASSERT_EQ(both(kHead + frame(0x83, "unknown")), "O X ");
  ASSERT_EQ(both(kHead + frame(0x8B, "unknown")), "O X ");
  ASSERT_EQ(both(kHead + frame(0x80, "continues nothing")), "O X ");
  ASSERT_EQ(both(kHead + frame(0x01, "begun") + frame(0x81, "begun again")), "O X ");
  ASSERT_EQ(both(kHead + frame(0x09, "a ping in parts")), "O X ");
  ASSERT_EQ(both(kHead + frame(0x89, std::string(126, 'x'))), "O X ");
  // Longer than is taken, whole or in parts, and longer than anything.
  ASSERT_EQ(both(kHead + std::string("\x81\x7F\0\0\0\0\0\x10\0\1", 10)), "O X ");
  ASSERT_EQ(both(kHead + std::string("\x81\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 10)), "O X ");
  const std::string half = frame(0x01, std::string(600'000, 'x'));
  ASSERT_EQ(outcome(kHead + half + replaced(half, std::string(1, '\x01'), std::string(1, '\0')), 65'536), "O X ");
}

TEST(WebSocketReader, WhatAClientWritesIsMasked) {
  // The standard's own example: a masked "Hello".
  ASSERT_EQ(maskedFrame(1, "Hello", "\x37\xfa\x21\x3d"), std::string("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11));
}
