#include "follower.h"

#include <utility>

#include "environment.h"

namespace vethscope {

void Follower::define(Napi::Env env) {
  Napi::Function constructor =
      DefineClass(env, "InterfaceFollower",
                  {
                      InstanceAccessor<&Follower::netns>("netns", napi_enumerable),
                      InstanceAccessor<&Follower::program_ids>("programIds", napi_enumerable),
                      InstanceMethod<&Follower::take>("take", napi_default_method),
                      InstanceMethod<&Follower::detach>("detach", napi_default_method),
                      InstanceMethod<&Follower::close>("close", napi_default_method),
                  });
  Environment::of(env).follower = Napi::Persistent(constructor);
}

Napi::Object Follower::wrap(Napi::Env env, std::shared_ptr<InterfaceFollower> resource) {
  return Environment::of(env).follower.New(
      {Napi::External<std::shared_ptr<InterfaceFollower>>::New(env, &resource)});
}

Follower::Follower(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  require_internal(info);
  resource_ = std::move(*info[0].As<Napi::External<std::shared_ptr<InterfaceFollower>>>().Data());
}

Napi::Value Follower::netns(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), resource_->netns_index());
}

Napi::Value Follower::program_ids(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  std::vector<uint32_t> ids = resource_->program_ids();
  Napi::Array array = Napi::Array::New(env, ids.size());
  for (uint32_t i = 0; i < ids.size(); ++i) array.Set(i, Napi::Number::New(env, ids[i]));
  return array;
}

Napi::Value Follower::take(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  std::vector<FollowedChange> changes = resource_->take(env);
  Napi::Array array = Napi::Array::New(env, changes.size());
  for (uint32_t i = 0; i < changes.size(); ++i) array.Set(i, to_object(env, changes[i]));
  return array;
}

void Follower::detach(const Napi::CallbackInfo& info) { resource_->detach(info.Env()); }

void Follower::close(const Napi::CallbackInfo&) { resource_->close(); }

}  // namespace vethscope
