#include "collector_options.h"

#include <initializer_list>

namespace vethscope {

namespace {

constexpr double kLargestWhole = 9007199254740991.0; /* Number.MAX_SAFE_INTEGER */

double positive_number(const Napi::Object& options, const char* name, double largest) {
  Napi::Value value = options.Get(name);
  double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : 0;
  if (!(number >= 1 && number <= largest)) {
    throw Napi::TypeError::New(options.Env(),
                               std::string("Collector option ") + name + " is a positive number");
  }
  return number;
}

/** The one of several that the option's word names; the first where the option is absent. */
template <typename Choice>
Choice word(const Napi::Object& options, const char* name, Choice absent,
            std::initializer_list<Choice> choices) {
  Napi::Value value = options.Get(name);
  if (value.IsUndefined()) return absent;
  std::string given = value.IsString() ? value.As<Napi::String>().Utf8Value() : "";
  std::string known;
  for (Choice choice : choices) {
    if (given == to_word(choice)) return choice;
    known += (known.empty() ? "" : " or ") + std::string(to_word(choice));
  }
  throw Napi::TypeError::New(options.Env(), std::string("Collector option ") + name + " is " + known);
}

}  // namespace

uint32_t whole_number(const Napi::Object& options, const char* name) {
  return static_cast<uint32_t>(positive_number(options, name, UINT32_MAX));
}

CollectorOptions read_collector_options(const Napi::CallbackInfo& info) {
  if (info.Length() < 1 || !info[0].IsObject()) {
    throw Napi::TypeError::New(info.Env(), "Collector takes options: objectPath, maxFlows, ringBytes");
  }
  Napi::Object given = info[0].As<Napi::Object>();
  if (!given.Get("objectPath").IsString()) {
    throw Napi::TypeError::New(info.Env(), "Collector option objectPath is the path of the BPF object file");
  }
  CollectorOptions options = {};
  options.object_path = given.Get("objectPath").As<Napi::String>().Utf8Value();
  options.max_flows = whole_number(given, "maxFlows");
  options.ring_bytes = whole_number(given, "ringBytes");
  if (!given.Get("maxInterfaces").IsUndefined()) {
    options.max_interfaces = whole_number(given, "maxInterfaces");
  }
  if (!given.Get("mapBytes").IsUndefined()) {
    options.map_bytes = static_cast<uint64_t>(positive_number(given, "mapBytes", kLargestWhole));
  }
  options.attach = word(given, "attach", AttachWay::automatic, {AttachWay::tcx, AttachWay::clsact});
  return options;
}

const char* to_word(AttachWay way) {
  if (way == AttachWay::automatic) return "automatic";
  return way == AttachWay::tcx ? "tcx" : "clsact";
}

}  // namespace vethscope
