#pragma once

#include <napi.h>

#include <cstdint>
#include <utility>
#include <vector>

namespace vethscope {

/** Hands the memory to JavaScript without copying it. */
inline Napi::Buffer<uint8_t> to_buffer(Napi::Env env, std::vector<uint8_t>&& bytes) {
  if (bytes.empty()) return Napi::Buffer<uint8_t>::New(env, 0);
  auto* owner = new std::vector<uint8_t>(std::move(bytes));
  return Napi::Buffer<uint8_t>::New(
      env, owner->data(), owner->size(),
      [](Napi::Env, uint8_t*, std::vector<uint8_t>* memory) { delete memory; }, owner);
}

}  // namespace vethscope
