#include "core/login-options.h"

#include <gtest/gtest.h>

#include "core/packet-key.h"
#include "core/routing-token.h"

using namespace lifeverse;

TEST(LoginOptions, AreReadAsUnrealReadsThemWithoutCaseTheFirstCounts) {
  const std::string url = "/Game/Maps/Arena?Name=Ada?lifeversetICKET=ab.c-d_e?LifeVerseTicket=other?bare?Empty=#portal?x=1";
  ASSERT_EQ(optionOf(url, "name"), "Ada");
  ASSERT_EQ(ticketOf(url), "ab.c-d_e");
  ASSERT_EQ(optionOf(url, "bare"), "");
  ASSERT_EQ(optionOf(url, "Empty"), "");
  ASSERT_EQ(optionOf(url, "x"), "1");
  ASSERT_TRUE(!optionOf(url, "nam") && !optionOf("", "a") && !optionOf("LifeVerseTicket=x", kTicketOption));
}

TEST(LoginOptions, WhatCannotBeATicketIsNone) {
  ASSERT_TRUE(!ticketOf("?LifeVerseTicket=") && !ticketOf("?LifeVerseTicket=a b") && !ticketOf("?LifeVerseTicket=a\"b") && !ticketOf("?a=b"));
  ASSERT_TRUE(ticketOf("?LifeVerseTicket=" + std::string(kLongestTicket, 'x')));
  ASSERT_TRUE(!ticketOf("?LifeVerseTicket=" + std::string(kLongestTicket + 1, 'x')));
}

TEST(LoginOptions, ALogSeesNeitherTicketNorToken) {
  ASSERT_EQ(redacted("10.0.0.1:7777?EncryptionToken=ada?LifeVerseTicket=a.b.c?Name=x"), "10.0.0.1:7777?EncryptionToken=***?LifeVerseTicket=***?Name=x");
  // Also where it stands twice, is the last, or is no ticket at all.
  ASSERT_EQ(redacted("?lifeverseticket=1?LIFEVERSETICKET=2 3"), "?lifeverseticket=***?LIFEVERSETICKET=***");
  ASSERT_EQ(redacted("?LifeVerseTicket=?Name=x"), "?LifeVerseTicket=?Name=x");
  ASSERT_EQ(redacted("nothing here"), "nothing here");
}

TEST(LoginOptions, AJoinUrlReadsBackAndNothingSmugglesAnOptionIn) {
  const auto url = writeJoinUrl({"10.0.0.1:7777", "ada", "a.b.c", true});
  ASSERT_EQ(url, "10.0.0.1:7777?EncryptionToken=ada?LifeVerseTicket=a.b.c");
  ASSERT_EQ(ticketOf(*url), "a.b.c");
  ASSERT_EQ(writeJoinUrl({"[::1]:7777", "", "a.b.c", false}), "[::1]:7777?LifeVerseTicket=a.b.c");
  ASSERT_TRUE(!writeJoinUrl({"h?x=1", "ada", "t", true}) && !writeJoinUrl({"h", "ada?x", "t", true}) && !writeJoinUrl({"h", "ada", "t?x=1", true}) && !writeJoinUrl({"", "ada", "t", true}));
}

TEST(LoginOptions, APlayersIdIsHeldToTheContractBeforeTheBridgeIsAsked) {
  ASSERT_TRUE(isPlayerId("ada") && isPlayerId("0:a_b.c-d") && isPlayerId(std::string(128, 'a')));
  ASSERT_TRUE(!isPlayerId("") && !isPlayerId("-a") && !isPlayerId("a/b") && !isPlayerId("a b") && !isPlayerId(std::string(129, 'a')) && !isPlayerId("\xC3\xBC"));
}

TEST(PacketKey, OneTextForEachKeyAndNothingElse) {
  const auto key = decodePacketKey("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
  ASSERT_TRUE(key);
  for (std::size_t i = 0; i < key->size(); ++i) ASSERT_EQ((*key)[i], i);
  ASSERT_EQ(decodePacketKey("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="), key);
  ASSERT_TRUE(decodePacketKey(std::string(42, '_') + "8") && decodePacketKey(std::string(42, '-') + "4"));
  for (const char* text : {"", "AAEC", "!", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8==",
                           "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh+", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8A"}) {
    ASSERT_TRUE(!decodePacketKey(text)) << text;
  }
}

TEST(RoutingToken, OneTextForEachTokenAndNothingElse) {
  const auto token = decodeRoutingToken("AAECAwQFBgcICQoLDA0ODw");
  ASSERT_TRUE(token);
  for (std::size_t i = 0; i < token->size(); ++i) ASSERT_EQ((*token)[i], i);
  ASSERT_EQ(decodeRoutingToken("AAECAwQFBgcICQoLDA0ODw=="), token);
  ASSERT_TRUE(decodeRoutingToken(std::string(21, '_') + "w") && decodeRoutingToken(std::string(21, '-') + "g"));
  for (const char* text : {"", "AAEC", "AAECAwQFBgcICQoLDA0ODx", "AAECAwQFBgcICQoLDA0ODw=", "AAECAwQFBgcICQoLDA0ODw===", "AAECAwQFBgcICQoLDA0OD+",
                           "AAECAwQFBgcICQoLDA0ODwA", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}) {
    ASSERT_TRUE(!decodeRoutingToken(text)) << text;
  }
}
