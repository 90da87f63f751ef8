#pragma once

#include <napi.h>

#include <memory>

#include "collector_resource.h"
#include "promise_worker.h"

namespace vethscope {

/** One drain. The maps are shared with the collector, which may be closed meanwhile. */
class DrainWorker : public PromiseWorker {
 public:
  DrainWorker(Napi::Env env, std::shared_ptr<CollectorResource> collector);

 protected:
  void work() override { drained_ = flows_->drain(); }
  Napi::Value result(Napi::Env env) override;
  void finished() override { collector_->draining = false; }

 private:
  std::shared_ptr<CollectorResource> collector_;
  std::shared_ptr<FlowMaps> flows_;
  Drained drained_;
};

}  // namespace vethscope
