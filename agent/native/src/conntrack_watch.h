#pragma once

#include <napi.h>

#include <memory>

#include "conntrack_events.h"

namespace vethscope {

/** JavaScript's ConntrackWatch (index.d.ts). */
class ConntrackWatch : public Napi::ObjectWrap<ConntrackWatch> {
 public:
  static void define(Napi::Env env);
  static Napi::Object wrap(Napi::Env env, std::shared_ptr<ConntrackEvents> events);

  explicit ConntrackWatch(const Napi::CallbackInfo& info);

 private:
  Napi::Value take(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);

  std::shared_ptr<ConntrackEvents> events_;
};

}  // namespace vethscope
