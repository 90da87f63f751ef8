#pragma once

#include <napi.h>

#include <memory>
#include <optional>

#include "collector_resource.h"
#include "failure.h"

namespace vethscope {

/** One drain on a thread of libuv's pool. */
class DrainWorker : public Napi::AsyncWorker {
 public:
  DrainWorker(Napi::Env env, std::shared_ptr<CollectorResource> collector);

  Napi::Promise promise() const { return deferred_.Promise(); }

 protected:
  void Execute() override;
  void OnOK() override;

 private:
  Napi::Promise::Deferred deferred_;
  std::shared_ptr<CollectorResource> collector_;
  std::shared_ptr<FlowMaps> flows_;
  Drained drained_;
  std::optional<Failure> failure_;
};

}  // namespace vethscope
