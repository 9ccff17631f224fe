#include "core/json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

using lifeverse::Json;

TEST(Json, ReadsAndWritesEveryKindOfValue) {
  const std::string text = R"({"a":[1,-2,0.5,true,false,null],"b":{"c":"ü\"\\\n"},"d":""})";
  const auto value = Json::parse(text);
  ASSERT_TRUE(value);
  ASSERT_TRUE(value->at("a").item(2).asDouble() == 0.5);
  ASSERT_TRUE(value->at("b").at("c").asString() == "ü\"\\\n");
  ASSERT_TRUE(value->write() == R"({"a":[1,-2,0.5,true,false,null],"b":{"c":"ü\"\\\u000a"},"d":""})");
}

TEST(Json, WhatIsMissingOrOfAnotherKindIsAFallbackNeverAFault) {
  const Json value = *Json::parse(R"({"n":1.5,"s":"x"})");
  ASSERT_TRUE(value.at("nothing").isNull());
  ASSERT_TRUE(value.at("nothing").at("deeper").item(7).asString().empty());
  ASSERT_TRUE(value.at("n").asInt(9) == 9);
  ASSERT_TRUE(value.at("s").asBool(true));
}

TEST(Json, Keeps64BitIntegersExactly) {
  for (const char* text : {"9223372036854775807", "-9223372036854775808", "9007199254740993", "0"}) {
    ASSERT_TRUE(Json::parse(text) && Json::parse(text)->isInteger() && Json::parse(text)->write() == text);
  }
  ASSERT_TRUE(!Json::parse("9223372036854775808")->isInteger());
  ASSERT_TRUE(Json::parse("-9223372036854775809")->asDouble() < -9.2e18);
}

TEST(Json, SaysWhereItHoldsWhatIsNotKept) {
  const std::pair<const char*, const char*> lost[] = {{R"({"a":[1,9007199254740992]})", "/a/1: "},
                                                      {R"({"a":-9223372036854775809})", "/a: "},
                                                      {R"({"a":{"__proto__":1}})", "/a/__proto__: "},
                                                      {R"({"_bsontype":1})", "/_bsontype: "},
                                                      {R"({"a\\b":1})", "/a\\b: "},
                                                      {R"({"a":1e400})", "/a: "}};
  for (const auto& [text, where] : lost) {
    const auto fault = Json::parse(text)->notKept();
    ASSERT_TRUE(fault && fault->rfind(where, 0) == 0);
  }
  ASSERT_TRUE(Json::array().push(Json(std::string("\xED\xA0\x80"))).notKept());
  ASSERT_TRUE(Json::object().set("\xFF", 1).notKept());
  ASSERT_TRUE(Json(std::nan("")).notKept());
  ASSERT_TRUE(Json::parse(std::string(28, '[') + std::string(28, ']'))->notKept());
  const std::string kept = R"([-9007199254740991,-0,1e20,100000000000000000000,0.1,"\u0000ü",{"constructor":{"$a.b":[[]]}}])";
  ASSERT_TRUE(!Json::parse(kept)->notKept());
  ASSERT_TRUE(!Json::parse(std::string(27, '[') + std::string(27, ']'))->notKept());
}

TEST(Json, RefusesWhatIsNotJSONAndSaysWhere) {
  for (const char* text : {"", " ", "{", "[1,]", "{\"a\":1,}", "{a:1}", "01", "-", "1.", ".5", "1e", "+1", "NaN", "tru", "\"", "\"\t\"", "\"\\x\"", "\"\\u12g4\"",
                           "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "1 2", "[1 2]", "\xEF\xBB\xBF{}", "{\"a\":1,\"a\":2}", "'a'", "[1}"}) {
    std::string where;
    ASSERT_TRUE(!Json::parse(text, &where));
    ASSERT_TRUE(where.find("at byte") != std::string::npos);
  }
}

TEST(Json, RefusesBytesThatAreNotUTF8) {
  for (const char* text : {"\"\x80\"", "\"\xC0\xAF\"", "\"\xE0\x80\x80\"", "\"\xED\xA0\x80\"", "\"\xF4\x90\x80\x80\"", "\"\xF0\x9F\x98\"", "\"\xFF\""}) ASSERT_TRUE(!Json::parse(text));
  ASSERT_TRUE(Json::parse("\"\xF0\x9F\x98\x80\"")->asString() == Json::parse("\"\\ud83d\\ude00\"")->asString());
}

TEST(Json, ADeepNestIsRefusedBeforeItCanExhaustTheStack) {
  ASSERT_TRUE(Json::parse(std::string(64, '[') + std::string(64, ']')));
  ASSERT_TRUE(!Json::parse(std::string(66, '[') + std::string(66, ']')));
  ASSERT_TRUE(!Json::parse(std::string(1'000'000, '[')));
}

TEST(Json, DamagedTextsAreRefusedOrReadAndWhatIsReadSurvivesBeingWritten) {
  const std::string seed = R"({"seq":12,"data":{"kind":"move","player":"ada","x":-1.25e3,"y":[true,null,"\u00fc\ud83d\ude00"]}})";
  std::mt19937 random(20260822);
  for (int round = 0; round < 20'000; ++round) {
    std::string text = seed;
    for (unsigned hits = 1 + random() % 4; hits > 0; --hits) {
      const std::size_t at = random() % text.size();
      switch (random() % 4) {
        case 0: text[at] = static_cast<char>(random()); break;
        case 1: text.erase(at, 1 + random() % 5); break;
        case 2: text.insert(at, 1, "{}[]\",:\\0e"[random() % 10]); break;
        default: text.insert(at, text.substr(random() % text.size(), random() % 20)); break;
      }
      if (text.empty()) text = "[]";
    }
    const auto value = Json::parse(text);
    if (!value) continue;
    const std::string once = value->write();
    const auto again = Json::parse(once);
    ASSERT_TRUE(again && again->write() == once);
  }
}
