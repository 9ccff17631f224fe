#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "json.h"

namespace lifeverse {

// A recursive descent over the grammar of RFC 8259; depth is bounded, so no input can exhaust the stack.
class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : text_(text) {}

  bool document(Json& out) {
    skipSpace();
    if (!value(out, 0)) return false;
    skipSpace();
    return at_ == text_.size() || fail("more text after the value");
  }

  std::string fault() const { return std::string(fault_) + " at byte " + std::to_string(at_); }

 private:
  bool value(Json& out, int depth) {
    if (depth > Json::kMaxDepth) return fail("nested too deep");
    switch (peek()) {
      case '{': return object(out, depth);
      case '[': return array(out, depth);
      case '"': out.kind_ = Json::Kind::String; return string(out.text_);
      case 't': out = Json(true); return word("true");
      case 'f': out = Json(false); return word("false");
      case 'n': out = Json(); return word("null");
      default: return number(out);
    }
  }

  bool object(Json& out, int depth) {
    out.kind_ = Json::Kind::Object;
    ++at_;
    skipSpace();
    if (take('}')) return true;
    do {
      skipSpace();
      if (peek() != '"') return fail("a key was expected");
      out.keys_.emplace_back();
      out.items_.emplace_back();
      if (!string(out.keys_.back())) return false;
      skipSpace();
      if (!take(':')) return fail("a colon was expected");
      skipSpace();
      if (!value(out.items_.back(), depth + 1)) return false;
      skipSpace();
    } while (take(','));
    if (!take('}')) return fail("a comma or the end of the object was expected");
    return distinct(out.keys_) || fail("a key stands twice");
  }

  bool array(Json& out, int depth) {
    out.kind_ = Json::Kind::Array;
    ++at_;
    skipSpace();
    if (take(']')) return true;
    do {
      skipSpace();
      out.items_.emplace_back();
      if (!value(out.items_.back(), depth + 1)) return false;
      skipSpace();
    } while (take(','));
    return take(']') || fail("a comma or the end of the array was expected");
  }

  static bool distinct(const std::vector<std::string>& keys) {
    std::vector<std::string_view> sorted(keys.begin(), keys.end());
    std::sort(sorted.begin(), sorted.end());
    return std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end();
  }

  bool number(Json& out) {
    const std::size_t start = at_;
    bool whole = true;
    take('-');
    if (!take('0') && !digits()) return fail("a value was expected");
    if (take('.')) {
      whole = false;
      if (!digits()) return fail("a digit was expected");
    }
    if (take('e') || take('E')) {
      whole = false;
      if (!take('+')) take('-');
      if (!digits()) return fail("a digit was expected");
    }
    const std::string_view token = text_.substr(start, at_ - start);
    std::int64_t integer = 0;
    if (whole && integerOf(token, integer) && token != "-0") {
      out = Json(integer);
    } else {
      out = Json(realOf(token));
      // 15 digits are kept by every double.
      out.near_ = whole && token.find_last_not_of('0') - token.find_first_not_of("-0") >= 15 && token.find_first_not_of("-0") != token.npos;
    }
    return true;
  }

  // By from_chars where the library has it, since strtod obeys the host's locale; too large is infinite, too small is zero.
  static double realOf(std::string_view token) {
#if defined(__cpp_lib_to_chars)
    double real = 0;
    if (std::from_chars(token.data(), token.data() + token.size(), real).ec == std::errc()) return real;
#endif
    return std::strtod(std::string(token).c_str(), nullptr);
  }

  static bool integerOf(std::string_view token, std::int64_t& out) {
    const bool negative = token.front() == '-';
    std::int64_t total = 0;
    for (const char c : token.substr(negative ? 1 : 0)) {
      const int digit = c - '0';
      // Built downwards, since the negative range is the larger one.
      if (total < (INT64_MIN + digit) / 10) return false;
      total = total * 10 - digit;
    }
    if (!negative && total == INT64_MIN) return false;
    out = negative ? total : -total;
    return true;
  }

  bool digits() {
    const std::size_t start = at_;
    while (peek() >= '0' && peek() <= '9') ++at_;
    return at_ > start;
  }

  bool string(std::string& out) {
    ++at_;
    while (at_ < text_.size()) {
      const auto byte = static_cast<unsigned char>(text_[at_]);
      if (byte == '"') {
        ++at_;
        return true;
      }
      if (byte < 0x20) return fail("a control character in a string");
      if (byte == '\\') {
        if (!escape(out)) return false;
      } else if (byte < 0x80) {
        out.push_back(text_[at_++]);
      } else if (!sequence(out)) {
        return false;
      }
    }
    return fail("a string without end");
  }

  bool escape(std::string& out) {
    ++at_;
    const char c = peek();
    ++at_;
    switch (c) {
      case '"': case '\\': case '/': out.push_back(c); return true;
      case 'b': out.push_back('\b'); return true;
      case 'f': out.push_back('\f'); return true;
      case 'n': out.push_back('\n'); return true;
      case 'r': out.push_back('\r'); return true;
      case 't': out.push_back('\t'); return true;
      case 'u': return unicode(out);
      default: return fail("an unknown escape");
    }
  }

  bool unicode(std::string& out) {
    std::uint32_t code = 0;
    if (!hex4(code)) return false;
    if (code >= 0xD800 && code <= 0xDBFF) {
      std::uint32_t low = 0;
      if (!take('\\') || !take('u') || !hex4(low) || low < 0xDC00 || low > 0xDFFF) return fail("half a surrogate pair");
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if (code >= 0xDC00 && code <= 0xDFFF) {
      return fail("half a surrogate pair");
    }
    append(code, out);
    return true;
  }

  bool hex4(std::uint32_t& code) {
    for (int i = 0; i < 4; ++i) {
      const char c = peek();
      std::uint32_t digit = 0;
      if (c >= '0' && c <= '9') digit = static_cast<std::uint32_t>(c - '0');
      else if (c >= 'a' && c <= 'f') digit = static_cast<std::uint32_t>(c - 'a' + 10);
      else if (c >= 'A' && c <= 'F') digit = static_cast<std::uint32_t>(c - 'A' + 10);
      else return fail("four hexadecimal digits were expected");
      code = code * 16 + digit;
      ++at_;
    }
    return true;
  }

  static void append(std::uint32_t code, std::string& out) {
    const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
    if (code < 0x80) {
      put(code);
    } else if (code < 0x800) {
      put(0xC0 | (code >> 6));
      put(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
      put(0xE0 | (code >> 12));
      put(0x80 | ((code >> 6) & 0x3F));
      put(0x80 | (code & 0x3F));
    } else {
      put(0xF0 | (code >> 18));
      put(0x80 | ((code >> 12) & 0x3F));
      put(0x80 | ((code >> 6) & 0x3F));
      put(0x80 | (code & 0x3F));
    }
  }

  // One UTF-8 sequence of two to four bytes, in its shortest form, no surrogate, at most U+10FFFF (RFC 3629).
  bool sequence(std::string& out) {
    const auto lead = static_cast<unsigned char>(text_[at_]);
    const std::size_t length = lead >= 0xC2 && lead <= 0xDF ? 2 : lead >= 0xE0 && lead <= 0xEF ? 3 : lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
    if (length == 0 || text_.size() - at_ < length) return fail("not UTF-8");
    unsigned char low = 0x80;
    unsigned char high = 0xBF;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
    for (std::size_t i = 1; i < length; ++i) {
      const auto byte = static_cast<unsigned char>(text_[at_ + i]);
      if (byte < low || byte > high) return fail("not UTF-8");
      low = 0x80;
      high = 0xBF;
    }
    out.append(text_.substr(at_, length));
    at_ += length;
    return true;
  }

  bool word(std::string_view expected) {
    if (text_.substr(at_, expected.size()) != expected) return fail("a value was expected");
    at_ += expected.size();
    return true;
  }

  void skipSpace() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) ++at_;
  }

  // NUL at the end of the text; a NUL inside the text is no legal character anywhere, so the two cannot be confused.
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  bool fail(const char* fault) {
    if (fault_[0] == '\0') fault_ = fault;
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  const char* fault_ = "";
};

std::optional<Json> Json::parse(std::string_view text, std::string* fault) {
  JsonReader reader(text);
  Json value;
  if (reader.document(value)) return value;
  if (fault != nullptr) *fault = reader.fault();
  return std::nullopt;
}

}  // namespace lifeverse
