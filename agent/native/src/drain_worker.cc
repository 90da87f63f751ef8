#include "drain_worker.h"

#include <utility>

#include "byte_buffer.h"

namespace vethscope {

DrainWorker::DrainWorker(Napi::Env env, std::shared_ptr<CollectorResource> collector)
    : PromiseWorker(env, "vethscope drain"), collector_(std::move(collector)), flows_(collector_->flows()) {
  collector_->draining = true;
}

Napi::Value DrainWorker::result(Napi::Env env) {
  Napi::Object result = Napi::Object::New(env);
  result.Set("count",
             Napi::Number::New(env, static_cast<double>(drained_.records.size() / sizeof(flow_record))));
  result.Set("monotonic", Napi::BigInt::New(env, drained_.monotonic));
  result.Set("realtime", Napi::BigInt::New(env, drained_.realtime));
  result.Set("records", to_buffer(env, std::move(drained_.records)));
  return result;
}

}  // namespace vethscope
