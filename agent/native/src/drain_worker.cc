#include "drain_worker.h"

#include <utility>

namespace vethscope {

namespace {

/** Hands the memory over without copying it. */
Napi::Value to_buffer(Napi::Env env, std::vector<uint8_t>&& records) {
  if (records.empty()) return Napi::Buffer<uint8_t>::New(env, 0);
  auto* owner = new std::vector<uint8_t>(std::move(records));
  return Napi::Buffer<uint8_t>::New(
      env, owner->data(), owner->size(),
      [](Napi::Env, uint8_t*, std::vector<uint8_t>* memory) { delete memory; }, owner);
}

}  // namespace

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
