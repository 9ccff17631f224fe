#include "json.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace lifeverse {

namespace {

const Json kNull;
const std::string kEmpty;

void writeString(const std::string& text, std::string& out) {
  static const char* digits = "0123456789abcdef";
  out.push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (byte < 0x20) {
      out += "\\u00";
      out.push_back(digits[byte >> 4]);
      out.push_back(digits[byte & 15]);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

void writeDouble(double value, std::string& out) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  // The shortest of these that reads back as the same number.
  char text[40];
  for (const int precision : {6, 15, 16, 17}) {
    std::snprintf(text, sizeof text, "%.*g", precision, value);
    if (std::strtod(text, nullptr) == value) break;
  }
  // A host that set a locale with a decimal comma must not change what we send.
  if (char* comma = std::strchr(text, ',')) *comma = '.';
  out += text;
}

const char* faultOfName(const std::string& name) {
  if (name == "__proto__" || name == "_bsontype") return "no member can be called that";
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F || c == '"' || c == '\\') return "the name has a backslash, a quote or a control character";
  }
  return nullptr;
}

bool isUtf8(const std::string& text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) return Json::parse(Json(text).write()).has_value();
  }
  return true;
}

const char* faultOf(const Json& value, bool near, int depth) {
  constexpr std::int64_t most = 9007199254740991;
  switch (value.kind()) {
    case Json::Kind::String: return isUtf8(value.asString()) ? nullptr : "the text is not UTF-8";
    case Json::Kind::Number:
      if (value.isInteger()) return value.asInt() < -most || value.asInt() > most ? "the integer is larger than a double keeps: send a string" : nullptr;
      if (near) return "the integer is larger than a double keeps: send a string";
      return std::isfinite(value.asDouble()) ? nullptr : "JSON has no such number";
    case Json::Kind::Array:
    case Json::Kind::Object: return depth < Json::kMaxKeptDepth ? nullptr : "it is nested too deep";
    default: return nullptr;
  }
}

}  // namespace

std::optional<std::string> Json::notKept(int depth) const {
  if (const char* fault = faultOf(*this, near_, depth)) return std::string(": ") + fault;
  for (std::size_t i = 0; i < items_.size(); ++i) {
    const std::string step = isObject() ? keys_[i] : std::to_string(i);
    const char* named = !isObject() ? nullptr : isUtf8(step) ? faultOfName(step) : "the name is not UTF-8";
    if (named != nullptr) return "/" + step + ": " + named;
    if (auto fault = items_[i].notKept(depth + 1)) return "/" + step + *fault;
  }
  return std::nullopt;
}

Json Json::array() {
  Json value;
  value.kind_ = Kind::Array;
  return value;
}

Json Json::object() {
  Json value;
  value.kind_ = Kind::Object;
  return value;
}

const std::string& Json::asString() const { return isString() ? text_ : kEmpty; }

const Json& Json::item(std::size_t index) const { return index < items_.size() ? items_[index] : kNull; }

const Json& Json::at(std::string_view key) const {
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (keys_[i] == key) return items_[i];
  }
  return kNull;
}

bool Json::has(std::string_view key) const {
  for (const std::string& known : keys_) {
    if (known == key) return true;
  }
  return false;
}

Json& Json::set(std::string_view key, Json value) {
  if (!isObject()) *this = object();
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (keys_[i] == key) {
      items_[i] = std::move(value);
      return *this;
    }
  }
  keys_.emplace_back(key);
  items_.push_back(std::move(value));
  return *this;
}

Json& Json::push(Json value) {
  if (!isArray()) *this = array();
  items_.push_back(std::move(value));
  return *this;
}

std::string Json::write() const {
  std::string out;
  writeTo(out);
  return out;
}

void Json::writeTo(std::string& out) const {
  switch (kind_) {
    case Kind::Null: out += "null"; return;
    case Kind::Bool: out += bool_ ? "true" : "false"; return;
    case Kind::String: writeString(text_, out); return;
    case Kind::Number:
      if (whole_) out += std::to_string(int_);
      else writeDouble(double_, out);
      return;
    case Kind::Array:
      out.push_back('[');
      for (std::size_t i = 0; i < items_.size(); ++i) {
        if (i > 0) out.push_back(',');
        items_[i].writeTo(out);
      }
      out.push_back(']');
      return;
    case Kind::Object:
      out.push_back('{');
      for (std::size_t i = 0; i < items_.size(); ++i) {
        if (i > 0) out.push_back(',');
        writeString(keys_[i], out);
        out.push_back(':');
        items_[i].writeTo(out);
      }
      out.push_back('}');
      return;
  }
}

}  // namespace lifeverse
