#include "drain_worker.h"

#include <utility>

#include "byte_buffer.h"

namespace vethscope {

DrainWorker::DrainWorker(Napi::Env env, std::shared_ptr<CollectorResource> collector)
    : AsyncWorker(env, "vethscope drain"),
      deferred_(Napi::Promise::Deferred::New(env)),
      collector_(std::move(collector)),
      flows_(collector_->flows()) {
  collector_->draining = true;
}

void DrainWorker::Execute() {
  try {
    drained_ = flows_->drain();
  } catch (const Failure& failure) {
    failure_ = failure;
  }
}

void DrainWorker::OnOK() {
  Napi::Env env = Env();
  collector_->draining = false;
  if (failure_) {
    deferred_.Reject(failure_->to_error(env).Value());
    return;
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("count",
             Napi::Number::New(env, static_cast<double>(drained_.records.size() / sizeof(flow_record))));
  result.Set("monotonic", Napi::BigInt::New(env, drained_.monotonic));
  result.Set("realtime", Napi::BigInt::New(env, drained_.realtime));
  result.Set("records", to_buffer(env, std::move(drained_.records)));
  deferred_.Resolve(result);
}

}  // namespace vethscope
