#include "followed_changes.h"

#include <utility>

namespace vethscope {

Napi::Object to_object(Napi::Env env, const FollowedChange& change) {
  Napi::Object object = Napi::Object::New(env);
  auto set_number = [&](const char* name, double value) { object.Set(name, Napi::Number::New(env, value)); };
  object.Set("kind", change.kind);
  if (change.ifindex != 0) set_number("ifindex", change.ifindex);
  if (change.index != 0) set_number("index", change.index);
  if (!change.name.empty()) object.Set("name", change.name);
  if (change.type != 0) set_number("type", change.type);
  if (change.time != 0) set_number("time", change.time);
  if (change.failure) object.Set("error", change.failure->to_error(env).Value());
  if (change.tunnel_port != 0) {
    set_number("port", change.tunnel_port);
    object.Set("tunnel", change.tunnel);
  }
  return object;
}

void FollowedChanges::push(FollowedChange change) {
  std::lock_guard<std::mutex> lock(mutex_);
  changes_.push_back(std::move(change));
}

std::vector<FollowedChange> FollowedChanges::take() {
  std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(changes_, {});
}

}  // namespace vethscope
