#include "filter_arguments.h"

#include <arpa/inet.h>

#include <cstring>
#include <string>

namespace vethscope {

namespace {

constexpr uint8_t kMappedPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr uint32_t kMappedBits = 96;

/** The prefix length behind a slash; `most` without one. */
uint32_t prefix_of(Napi::Env env, const std::string& text, size_t slash, uint32_t most) {
  if (slash == std::string::npos) return most;
  std::string digits = text.substr(slash + 1);
  bool number =
      !digits.empty() && digits.size() <= 3 && digits.find_first_not_of("0123456789") == std::string::npos;
  uint32_t bits = number ? static_cast<uint32_t>(std::stoul(digits)) : most + 1;
  if (bits <= most) return bits;
  throw Napi::RangeError::New(env, "The prefix length of " + text + " is not 0 to " + std::to_string(most));
}

AddressRange read_range(Napi::Env env, const std::string& text) {
  AddressRange range = {};
  size_t slash = text.find('/');
  std::string address = text.substr(0, slash);
  if (inet_pton(AF_INET6, address.c_str(), range.address) == 1) {
    range.bits = prefix_of(env, text, slash, 128);
  } else {
    std::memcpy(range.address, kMappedPrefix, sizeof(kMappedPrefix));
    if (inet_pton(AF_INET, address.c_str(), range.address + sizeof(kMappedPrefix)) != 1) {
      throw Napi::RangeError::New(env, text + " is not an address or a prefix");
    }
    range.bits = kMappedBits + prefix_of(env, text, slash, 32);
  }
  return range;
}

/** The array called name; empty where there is none. */
Napi::Array list(Napi::Env env, const Napi::Object& filter, const char* name) {
  Napi::Value value = filter.Get(name);
  if (value.IsUndefined()) return Napi::Array::New(env);
  if (value.IsArray()) return value.As<Napi::Array>();
  throw Napi::TypeError::New(env, std::string("Filter condition ") + name + " is an array");
}

template <typename Number>
std::vector<Number> read_numbers(Napi::Env env, const Napi::Object& filter, const char* name,
                                 uint32_t limit) {
  std::vector<Number> numbers;
  Napi::Array values = list(env, filter, name);
  for (uint32_t i = 0; i < values.Length(); ++i) {
    Napi::Value value = values.Get(i);
    double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
    if (!(number >= 0 && number < limit) || number != static_cast<uint32_t>(number)) {
      throw Napi::RangeError::New(env, std::string("Filter condition ") + name +
                                           " holds whole numbers below " + std::to_string(limit));
    }
    numbers.push_back(static_cast<Number>(number));
  }
  return numbers;
}

}  // namespace

FilterConditions read_filter(Napi::Env env, const Napi::Value& value) {
  FilterConditions conditions;
  if (value.IsNull() || value.IsUndefined()) return conditions;
  if (!value.IsObject()) throw Napi::TypeError::New(env, "A filter is an object or null");
  Napi::Object filter = value.As<Napi::Object>();
  Napi::Array addresses = list(env, filter, "addresses");
  for (uint32_t i = 0; i < addresses.Length(); ++i) {
    conditions.addresses.push_back(read_range(env, Napi::Value(addresses.Get(i)).ToString()));
  }
  conditions.ports = read_numbers<uint16_t>(env, filter, "ports", 65536);
  conditions.protocols = read_numbers<uint8_t>(env, filter, "protocols", 256);
  conditions.interfaces = read_numbers<uint32_t>(env, filter, "interfaces", MAX_INTERFACES);
  return conditions;
}

}  // namespace vethscope
