#pragma once

#include <napi.h>

#include <memory>

#include "collector_resource.h"

namespace vethscope {

/** JavaScript's Collector (index.d.ts). */
class Collector : public Napi::ObjectWrap<Collector> {
 public:
  static void define(Napi::Env env, Napi::Object exports);

  explicit Collector(const Napi::CallbackInfo& info);

 private:
  CollectorResource& open(Napi::Env env);

  Napi::Value attach(const Napi::CallbackInfo& info);
  Napi::Value follow(const Napi::CallbackInfo& info);
  Napi::Value drain(const Napi::CallbackInfo& info);
  Napi::Value points(const Napi::CallbackInfo& info);
  Napi::Value capacity(const Napi::CallbackInfo& info);
  Napi::Value attach_way(const Napi::CallbackInfo& info);
  Napi::Value counters(const Napi::CallbackInfo& info);
  Napi::Value events(const Napi::CallbackInfo& info);
  Napi::Value set_filter(const Napi::CallbackInfo& info);
  Napi::Value set_capture(const Napi::CallbackInfo& info);
  Napi::Value set_rate(const Napi::CallbackInfo& info);
  Napi::Value set_tunnel_port(const Napi::CallbackInfo& info);
  Napi::Value watch_drops(const Napi::CallbackInfo& info);
  Napi::Value drops(const Napi::CallbackInfo& info);
  Napi::Value drops_refusal(const Napi::CallbackInfo& info);
  Napi::Value tunnels(const Napi::CallbackInfo& info);
  Napi::Value statistics(const Napi::CallbackInfo& info);
  Napi::Value drop_statistics(const Napi::CallbackInfo& info);
  Napi::Value verified_instructions(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);

  std::shared_ptr<CollectorResource> resource_;
};

Napi::Object to_object(Napi::Env env, const ProgramStatistics& statistics);

}  // namespace vethscope
