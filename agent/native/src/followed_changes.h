#pragma once

#include <napi.h>

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "failure.h"

namespace vethscope {

/** As index.d.ts FollowedChange; what a kind does not tell is left empty. */
struct FollowedChange {
  const char* kind;
  uint32_t ifindex = 0;
  uint32_t index = 0;
  std::string name = {};
  uint16_t type = 0;
  double time = 0; /* CLOCK_REALTIME, milliseconds */
  std::optional<Failure> failure = std::nullopt;
  uint16_t tunnel_port = 0;
  std::string tunnel = {};
};

Napi::Object to_object(Napi::Env env, const FollowedChange& change);

/** Changes on their way to JavaScript, in order. None may be lost; a namespace has no more than its
 * interfaces make. */
class FollowedChanges {
 public:
  void push(FollowedChange change);
  std::vector<FollowedChange> take();

 private:
  std::mutex mutex_;
  std::vector<FollowedChange> changes_;
};

}  // namespace vethscope
