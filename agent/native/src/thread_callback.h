#pragma once

#include <napi.h>

#include <atomic>
#include <memory>
#include <utility>

namespace vethscope {

/**
 * Calls a JavaScript function after something happened on a thread of ours. `Give` runs on JavaScript's
 * thread and hands over all that State holds, so one waiting call is enough. It does not keep the process
 * alive.
 */
template <typename State, void (*Give)(Napi::Env, Napi::Function, State&)>
class ThreadCallback {
 public:
  ThreadCallback(Napi::Env env, Napi::Function callback, const char* name, std::shared_ptr<State> state)
      : context_(std::make_shared<Context>(Context{std::move(state), false})) {
    auto* owner = new std::shared_ptr<Context>(context_);
    function_ = Function::New(
        env, callback, name, 1, 1, owner,
        [](Napi::Env, void*, std::shared_ptr<Context>* context) { delete context; },
        static_cast<void*>(nullptr));
    function_.Unref(env);
  }

  /** From a thread. A call that already waits takes the new things too, so a full queue is no loss. */
  void request() {
    if (!environment_closing_) environment_closing_ = function_.NonBlockingCall() == napi_closing;
  }

  /** From JavaScript's thread: whether the process waits for a call, too. */
  void keep_alive(Napi::Env env, bool on) {
    if (environment_closing_) return;
    if (on)
      function_.Ref(env);
    else
      function_.Unref(env);
  }

  /** From JavaScript's thread, once the thread has ended: no call after this one. */
  void release() {
    context_->released = true;
    /* An environment that ends takes the function along: then it must not be touched again. */
    if (!environment_closing_) function_.Release();
  }

 private:
  struct Context {
    std::shared_ptr<State> state;
    bool released;
  };

  static void call(Napi::Env env, Napi::Function callback, std::shared_ptr<Context>* context, void*) {
    if (env == nullptr || (*context)->released) return;
    Give(env, callback, *(*context)->state);
  }

  using Function = Napi::TypedThreadSafeFunction<std::shared_ptr<Context>, void, call>;

  std::shared_ptr<Context> context_;
  Function function_;
  std::atomic<bool> environment_closing_ = false;
};

}  // namespace vethscope
