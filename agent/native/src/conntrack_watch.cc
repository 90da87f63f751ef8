#include "conntrack_watch.h"

#include <utility>

#include "environment.h"
#include "failure.h"

namespace vethscope {

void ConntrackWatch::define(Napi::Env env) {
  Napi::Function constructor =
      DefineClass(env, "ConntrackWatch",
                  {
                      InstanceMethod<&ConntrackWatch::take>("take", napi_default_method),
                      InstanceMethod<&ConntrackWatch::close>("close", napi_default_method),
                  });
  Environment::of(env).conntrack_watch = Napi::Persistent(constructor);
}

Napi::Object ConntrackWatch::wrap(Napi::Env env, std::shared_ptr<ConntrackEvents> events) {
  auto external = Napi::External<std::shared_ptr<ConntrackEvents>>::New(env, &events);
  return Environment::of(env).conntrack_watch.New({external});
}

ConntrackWatch::ConntrackWatch(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  require_internal(info);
  events_ = std::move(*info[0].As<Napi::External<std::shared_ptr<ConntrackEvents>>>().Data());
}

Napi::Value ConntrackWatch::take(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  require_open(env, events_.get(), "conntrack watch");
  return guarded(env, [&] {
    ConntrackBatch batch = events_->take();
    auto* bytes = reinterpret_cast<const uint8_t*>(batch.records.data());
    size_t size = batch.records.size() * sizeof(ConntrackRecord);
    Napi::Object object = Napi::Object::New(env);
    object.Set("records", Napi::Buffer<uint8_t>::Copy(env, bytes, size));
    object.Set("overruns", Napi::Number::New(env, batch.overruns));
    return object;
  });
}

void ConntrackWatch::close(const Napi::CallbackInfo&) { events_->close(); }

}  // namespace vethscope
