#include "collector.h"

#include <cerrno>
#include <utility>

#include "closable.h"
#include "drain_worker.h"
#include "environment.h"
#include "event_reader.h"
#include "failure.h"
#include "filter_arguments.h"
#include "follower.h"

namespace vethscope {

namespace {

Napi::Error busy(Napi::Env env, const char* what) {
  Napi::Error error = Napi::Error::New(env, what);
  error.Value().Set("code", Napi::String::New(env, "EBUSY"));
  return error;
}

Napi::Array to_array(Napi::Env env, const __u64* values, uint32_t count) {
  Napi::Array array = Napi::Array::New(env, count);
  for (uint32_t i = 0; i < count; ++i) array.Set(i, Napi::Number::New(env, static_cast<double>(values[i])));
  return array;
}

Napi::Object to_object(Napi::Env env, const PointTotals& totals) {
  auto number = [env](uint64_t value) { return Napi::Number::New(env, static_cast<double>(value)); };
  const point_counters& counters = totals.counters;
  Napi::Object object = Napi::Object::New(env);
  object.Set("index", number(totals.index));
  object.Set("netns", number(totals.netns));
  object.Set("ifindex", number(totals.ifindex));
  object.Set("direction", to_string(env, totals.egress ? Direction::egress : Direction::ingress));
  object.Set("buffers", number(counters.buffers));
  object.Set("packets", number(counters.packets));
  object.Set("bytes", number(counters.bytes));
  object.Set("counted", number(counters.counted));
  object.Set("mapFull", number(counters.map_full));
  object.Set("filtered", number(counters.filtered));
  object.Set("pointsOverflow", number(counters.points_overflow));
  object.Set("eventsLost", number(counters.events_lost));
  object.Set("innerCounted", number(counters.inner_counted));
  object.Set("innerUnparsed", number(counters.inner_unparsed));
  object.Set("innerMapFull", number(counters.inner_map_full));
  object.Set("innerPointsOverflow", number(counters.inner_overflow));
  object.Set("looseFragments", number(counters.loose_fragments));
  object.Set("unparsed", to_array(env, counters.unparsed, UNPARSED_CAUSES));
  object.Set("suppressed", to_array(env, counters.suppressed, EVENT_KINDS));
  return object;
}

}  // namespace

Napi::Object to_object(Napi::Env env, const ProgramStatistics& statistics) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("runTimeNs", Napi::BigInt::New(env, statistics.run_time_ns));
  object.Set("runCount", Napi::BigInt::New(env, statistics.run_count));
  return object;
}

void Collector::define(Napi::Env env, Napi::Object exports) {
  exports.Set(
      "Collector",
      DefineClass(
          env, "Collector",
          {
              InstanceMethod<&Collector::attach>("attach", napi_default_method),
              InstanceMethod<&Collector::follow>("follow", napi_default_method),
              InstanceMethod<&Collector::drain>("drain", napi_default_method),
              InstanceMethod<&Collector::points>("points", napi_default_method),
              InstanceAccessor<&Collector::capacity>("capacity", napi_enumerable),
              InstanceAccessor<&Collector::attach_way>("attachedBy", napi_enumerable),
              InstanceMethod<&Collector::events>("events", napi_default_method),
              InstanceMethod<&Collector::set_filter>("setFilter", napi_default_method),
              InstanceMethod<&Collector::set_capture>("setCapture", napi_default_method),
              InstanceMethod<&Collector::set_rate>("setRate", napi_default_method),
              InstanceMethod<&Collector::set_tunnel_port>("setTunnelPort", napi_default_method),
              InstanceMethod<&Collector::watch_drops>("watchDrops", napi_default_method),
              InstanceMethod<&Collector::drops>("drops", napi_default_method),
              InstanceMethod<&Collector::drops_refusal>("dropsRefusal", napi_default_method),
              InstanceMethod<&Collector::tunnels>("tunnels", napi_default_method),
              InstanceMethod<&Collector::statistics>("statistics", napi_default_method),
              InstanceMethod<&Collector::drop_statistics>("dropStatistics", napi_default_method),
              InstanceMethod<&Collector::verified_instructions>("verifiedInstructions", napi_default_method),
              InstanceMethod<&Collector::close>("close", napi_default_method),
          }));
}

Collector::Collector(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  CollectorOptions options = read_collector_options(info);
  guarded(info.Env(), [&] {
    resource_ = std::make_shared<CollectorResource>(Environment::of(info.Env()).registry, options);
  });
}

CollectorResource& Collector::open(Napi::Env env) {
  require_open(env, resource_.get(), "collector");
  return *resource_;
}

Napi::Value Collector::attach(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  CollectorResource& collector = open(env);
  AttachArguments arguments(info, 0);
  return guarded(env, [&] {
    return Attachment::wrap(env, collector.attach(Environment::of(env).registry, *arguments.netns,
                                                  arguments.ifindex, arguments.direction));
  });
}

Napi::Value Collector::follow(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  CollectorResource& collector = open(env);
  auto netns = NetworkNamespace::argument(info, 0);
  if (info.Length() < 3 || !info[1].IsArray() || !info[2].IsFunction()) {
    throw Napi::TypeError::New(env, "follow takes a namespace, an array of interface names and a callback");
  }
  FollowedNames names;
  Napi::Array wanted = info[1].As<Napi::Array>();
  for (uint32_t i = 0; i < wanted.Length(); ++i) names.insert(wanted.Get(i).ToString().Utf8Value());
  return guarded(env, [&] {
    return Follower::wrap(env, collector.follow(Environment::of(env).registry, *netns, std::move(names), env,
                                                info[2].As<Napi::Function>()));
  });
}

Napi::Value Collector::drain(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (open(env).draining) throw busy(env, "A drain is under way; wait for its promise");
  return queue(std::make_unique<DrainWorker>(env, resource_));
}

Napi::Value Collector::points(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  return guarded(env, [&] {
    std::vector<PointTotals> totals = open(env).points().read();
    Napi::Array array = Napi::Array::New(env, totals.size());
    for (uint32_t i = 0; i < totals.size(); ++i) array.Set(i, to_object(env, totals[i]));
    return array;
  });
}

Napi::Value Collector::capacity(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), resource_->capacity());
}

Napi::Value Collector::attach_way(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), to_word(resource_->options().attach));
}

Napi::Value Collector::events(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  CollectorResource& collector = open(env);
  if (info.Length() < 1 || !info[0].IsFunction()) throw Napi::TypeError::New(env, "events takes a callback");
  auto current = collector.event_reader.lock();
  if (current && !current->closed()) throw busy(env, "The events have a reader; close it first");
  return guarded(env, [&] {
    auto reader =
        std::make_shared<EventReader>(Environment::of(env).registry, resource_, collector.flows()->ring_fd(),
                                      env, info[0].As<Napi::Function>());
    collector.event_reader = reader;
    collector.adopt(reader);
    return Closable::wrap(env, reader);
  });
}

Napi::Value Collector::set_filter(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  FilterConditions wanted = read_filter(env, info[0]);
  return guarded(env, [&] {
    open(env).control().set_filter(wanted);
    return env.Undefined();
  });
}

Napi::Value Collector::set_capture(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (!info[0].IsObject()) {
    open(env).control().stop_capture();
    return env.Undefined();
  }
  Napi::Object options = info[0].As<Napi::Object>();
  FilterConditions wanted = read_filter(env, options.Get("filter"));
  uint32_t snap_length = whole_number(options, "snapLength");
  uint32_t per_second = whole_number(options, "packetsPerSecond");
  return guarded(env, [&] {
    open(env).control().start_capture(wanted, snap_length, per_second);
    return env.Undefined();
  });
}

Napi::Value Collector::set_rate(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  uint32_t kind = info[0].IsNumber() ? info[0].As<Napi::Number>().Uint32Value() : 0;
  if (kind < 1 || kind >= EVENT_KINDS || !info[1].IsNumber()) {
    throw Napi::RangeError::New(env, "setRate takes an event kind and a number of events a second");
  }
  open(env).control().set_limit(static_cast<event_kind>(kind), info[1].As<Napi::Number>().Uint32Value());
  return env.Undefined();
}

Napi::Value Collector::set_tunnel_port(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  double port = info[0].IsNumber() ? info[0].As<Napi::Number>().DoubleValue() : 0;
  std::string kind = info[1].IsString() ? info[1].As<Napi::String>().Utf8Value() : "";
  if (!(port >= 1 && port <= UINT16_MAX) || (kind != "vxlan" && kind != "geneve")) {
    throw Napi::RangeError::New(env, "setTunnelPort takes a UDP port and vxlan or geneve");
  }
  open(env).control().set_tunnel_port(static_cast<uint16_t>(port),
                                      kind == "vxlan" ? TUNNEL_VXLAN : TUNNEL_GENEVE);
  return env.Undefined();
}

Napi::Value Collector::watch_drops(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  CollectorResource& collector = open(env);
  if (!info[0].IsArray()) throw Napi::TypeError::New(env, "watchDrops takes an array of namespace inodes");
  Napi::Array inodes = info[0].As<Napi::Array>();
  std::vector<std::pair<uint32_t, uint32_t>> wanted;
  for (uint32_t i = 0; i < inodes.Length(); ++i) {
    Napi::Value inode = inodes.Get(i);
    if (!inode.IsNumber()) throw Napi::TypeError::New(env, "watchDrops takes an array of namespace inodes");
    uint32_t number = inode.As<Napi::Number>().Uint32Value();
    wanted.emplace_back(number, collector.netns_index(number));
  }
  return guarded(env, [&]() -> Napi::Value {
    std::vector<uint32_t> indices = collector.drops().watch(wanted);
    Napi::Array array = Napi::Array::New(env, indices.size());
    for (uint32_t i = 0; i < indices.size(); ++i) array.Set(i, Napi::Number::New(env, indices[i]));
    return array;
  });
}

Napi::Value Collector::drops(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  return guarded(env, [&] { return open(env).drops().counters(env); });
}

Napi::Value Collector::drops_refusal(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  const std::string& refusal = open(env).drops().refusal();
  return refusal.empty() ? env.Null() : Napi::String::New(env, refusal).As<Napi::Value>();
}

Napi::Value Collector::tunnels(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  return guarded(env, [&] {
    std::vector<uint8_t> found = open(env).control().tunnels();
    return Napi::Buffer<uint8_t>::Copy(env, found.data(), found.size());
  });
}

Napi::Value Collector::statistics(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] { return to_object(info.Env(), open(info.Env()).statistics()); });
}

Napi::Value Collector::drop_statistics(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  return guarded(env, [&] { return to_object(env, open(env).drops().statistics()); });
}

Napi::Value Collector::verified_instructions(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  return guarded(env, [&] {
    Napi::Object object = Napi::Object::New(env);
    for (const auto& [program, count] : open(env).verified_instructions()) object.Set(program, count);
    return object;
  });
}

void Collector::close(const Napi::CallbackInfo&) { resource_->close(); }

}  // namespace vethscope
