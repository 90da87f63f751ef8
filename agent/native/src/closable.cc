#include "closable.h"

#include <utility>

#include "environment.h"

namespace vethscope {

void Closable::define(Napi::Env env) {
  Napi::Function constructor =
      DefineClass(env, "Closable", {InstanceMethod<&Closable::close>("close", napi_default_method)});
  Environment::of(env).closable = Napi::Persistent(constructor);
}

Napi::Object Closable::wrap(Napi::Env env, std::shared_ptr<Resource> resource) {
  return Environment::of(env).closable.New({Napi::External<std::shared_ptr<Resource>>::New(env, &resource)});
}

Closable::Closable(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  require_internal(info);
  resource_ = std::move(*info[0].As<Napi::External<std::shared_ptr<Resource>>>().Data());
}

void Closable::close(const Napi::CallbackInfo&) { resource_->close(); }

}  // namespace vethscope
