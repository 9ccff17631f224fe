// JSON values as the bridge speaks them (RFC 8259). Strict: what is not JSON, names a key twice, nests deeper than
// kMaxDepth or is not UTF-8 is refused. No exceptions: a reader asks what is there and gets a fallback where it is not.
// Our own, since the core goes into an Unreal plugin: no library of JSON that builds without exceptions and RTTI comes by a
// package registry without root. It is held against JSON.parse and against damaged texts in test/unreal.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace lifeverse {

class Json {
 public:
  enum class Kind { Null, Bool, Number, String, Array, Object };
  static constexpr int kMaxDepth = 64;
  // Of what is kept: the bridge's 32 levels without those around an entry's share.
  static constexpr int kMaxKeptDepth = 27;

  Json() = default;
  Json(bool value) : kind_(Kind::Bool), bool_(value) {}
  Json(const char* value) : kind_(Kind::String), text_(value) {}
  Json(std::string value) : kind_(Kind::String), text_(std::move(value)) {}
  Json(std::string_view value) : kind_(Kind::String), text_(value) {}
  Json(double value) : kind_(Kind::Number), double_(value) {}
  template <typename T, typename = std::enable_if_t<std::is_integral_v<T> && !std::is_same_v<T, bool>>>
  Json(T value) : kind_(Kind::Number), whole_(true), int_(static_cast<std::int64_t>(value)), double_(static_cast<double>(value)) {}

  static Json array();
  static Json object();

  // Nothing, with the fault and its place in `*fault` (when given), where `text` is not one JSON value.
  static std::optional<Json> parse(std::string_view text, std::string* fault = nullptr);

  // Where LifeVerse does not keep this as it is, as a JSON pointer, and why; nothing where all of it comes back as it was sent. The bridge
  // refuses a batch with such an entry, so that it has to be known before. Integers that are larger than a double can tell apart: send
  // them as strings.
  std::optional<std::string> notKept() const { return notKept(0); }

  // Compact. Numbers that JSON cannot say (NaN, infinite) become null.
  std::string write() const;
  void writeTo(std::string& out) const;

  Kind kind() const { return kind_; }
  bool isNull() const { return kind_ == Kind::Null; }
  bool isBool() const { return kind_ == Kind::Bool; }
  bool isNumber() const { return kind_ == Kind::Number; }
  bool isString() const { return kind_ == Kind::String; }
  bool isArray() const { return kind_ == Kind::Array; }
  bool isObject() const { return kind_ == Kind::Object; }
  // A number written without fraction and exponent that fits 64 bits.
  bool isInteger() const { return kind_ == Kind::Number && whole_; }

  bool asBool(bool fallback = false) const { return isBool() ? bool_ : fallback; }
  double asDouble(double fallback = 0) const { return isNumber() ? double_ : fallback; }
  std::int64_t asInt(std::int64_t fallback = 0) const { return isInteger() ? int_ : fallback; }
  // Empty where this is no string.
  const std::string& asString() const;

  // Elements of an array or values of an object; zero for anything else.
  std::size_t size() const { return items_.size(); }
  const Json& item(std::size_t index) const;
  const std::vector<Json>& items() const { return items_; }
  const std::string& key(std::size_t index) const { return keys_[index]; }
  // Null where there is no such member.
  const Json& at(std::string_view key) const;
  bool has(std::string_view key) const;

  // Makes this an object; a key that is there already gets the new value.
  Json& set(std::string_view key, Json value);
  // Makes this an array.
  Json& push(Json value);

 private:
  friend class JsonReader;

  std::optional<std::string> notKept(int depth) const;

  Kind kind_ = Kind::Null;
  bool bool_ = false;
  bool whole_ = false;
  // An integer of the text was larger than 64 bits, and this is only near it.
  bool near_ = false;
  std::int64_t int_ = 0;
  double double_ = 0;
  std::string text_;
  std::vector<std::string> keys_;
  std::vector<Json> items_;
};

}  // namespace lifeverse
