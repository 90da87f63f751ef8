#pragma once

#include <napi.h>

#include <memory>

#include "resource.h"

namespace vethscope {

/** A handle with nothing but close(): watches, event readers, statistics switches. */
class Closable : public Napi::ObjectWrap<Closable> {
 public:
  static void define(Napi::Env env);
  static Napi::Object wrap(Napi::Env env, std::shared_ptr<Resource> resource);

  explicit Closable(const Napi::CallbackInfo& info);

 private:
  void close(const Napi::CallbackInfo& info);

  std::shared_ptr<Resource> resource_;
};

}  // namespace vethscope
