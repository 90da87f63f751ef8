#pragma once

#include <napi.h>

#include <memory>

#include "resource.h"

namespace vethscope {

/** What the addon keeps per JavaScript environment (main thread or worker). */
struct Environment {
  std::shared_ptr<ResourceRegistry> registry = std::make_shared<ResourceRegistry>();
  Napi::FunctionReference network_namespace;
  Napi::FunctionReference attachment;
  Napi::FunctionReference closable;
  Napi::FunctionReference follower;
  Napi::FunctionReference conntrack_watch;

  static Environment& of(Napi::Env env) { return *env.GetInstanceData<Environment>(); }
};

/** Throws a TypeError for a constructor that only the addon itself may call. */
inline void require_internal(const Napi::CallbackInfo& info) {
  if (info.Length() != 1 || !info[0].IsExternal()) {
    throw Napi::TypeError::New(info.Env(), "This handle is made by the addon's own methods, not by new");
  }
}

/** Throws what a method of a closed handle says. */
inline void require_open(Napi::Env env, const Resource* resource, const char* what) {
  if (resource != nullptr && !resource->closed()) return;
  Napi::Error error = Napi::Error::New(env, std::string("This ") + what + " is closed");
  error.Value().Set("code", Napi::String::New(env, "EBADF"));
  throw error;
}

}  // namespace vethscope
