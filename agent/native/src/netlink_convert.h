#pragma once

#include <napi.h>

#include <vector>

#include "netlink_tables.h"

namespace vethscope {

Napi::Object to_object(Napi::Env env, const Link& link);
Napi::Object to_object(Napi::Env env, const LinkAddress& address);
Napi::Object to_object(Napi::Env env, const RouteEntry& route);
Napi::Object to_object(Napi::Env env, const RuleEntry& rule);
Napi::Object to_object(Napi::Env env, const NeighbourEntry& neighbour);

template <typename Entry>
Napi::Value to_array(Napi::Env env, const std::vector<Entry>& entries) {
  Napi::Array array = Napi::Array::New(env, entries.size());
  for (uint32_t i = 0; i < entries.size(); ++i) {
    Napi::HandleScope scope(env);
    array.Set(i, to_object(env, entries[i]));
  }
  return array;
}

}  // namespace vethscope
