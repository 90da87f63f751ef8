#pragma once

#include <napi.h>

#include <memory>
#include <optional>

#include "failure.h"

namespace vethscope {

/** Work on a thread of libuv's pool, with a promise of what it gives. */
class PromiseWorker : public Napi::AsyncWorker {
 public:
  PromiseWorker(Napi::Env env, const char* name)
      : AsyncWorker(env, name), deferred_(Napi::Promise::Deferred::New(env)) {}

  Napi::Promise promise() const { return deferred_.Promise(); }

 protected:
  /** On a thread of the pool. Throws Failure. */
  virtual void work() = 0;
  /** On JavaScript's thread, after work() returned. */
  virtual Napi::Value result(Napi::Env env) = 0;
  /** On JavaScript's thread, however work() ended, before the promise is settled. */
  virtual void finished() {}

  void Execute() final {
    try {
      work();
    } catch (const Failure& failure) {
      failure_ = failure;
    }
    /* Any other exception is caught by AsyncWorker, which calls OnError(). */
  }

  void OnOK() final {
    Napi::Env env = Env();
    finished();
    if (failure_) {
      deferred_.Reject(failure_->to_error(env).Value());
      return;
    }
    deferred_.Resolve(result(env));
  }

  void OnError(const Napi::Error& error) final {
    finished();
    deferred_.Reject(error.Value());
  }

 private:
  Napi::Promise::Deferred deferred_;
  std::optional<Failure> failure_;
};

/** Hands it to libuv; node-addon-api deletes it when it is done. */
inline Napi::Promise queue(std::unique_ptr<PromiseWorker> worker) {
  Napi::Promise promise = worker->promise();
  worker.release()->Queue();
  return promise;
}

}  // namespace vethscope
