#pragma once

#include <napi.h>

#include <memory>

#include "interface_follower.h"

namespace vethscope {

/** JavaScript's InterfaceFollower (index.d.ts). */
class Follower : public Napi::ObjectWrap<Follower> {
 public:
  static void define(Napi::Env env);
  static Napi::Object wrap(Napi::Env env, std::shared_ptr<InterfaceFollower> resource);

  explicit Follower(const Napi::CallbackInfo& info);

 private:
  Napi::Value netns(const Napi::CallbackInfo& info);
  Napi::Value program_ids(const Napi::CallbackInfo& info);
  Napi::Value take(const Napi::CallbackInfo& info);
  void detach(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);

  std::shared_ptr<InterfaceFollower> resource_;
};

}  // namespace vethscope
