#pragma once

#include <napi.h>

#include <cstdint>
#include <exception>
#include <string>

namespace vethscope {

/** A failed call, with everything that tells where: it becomes a NativeError in JavaScript. */
class Failure : public std::exception {
 public:
  /** @param error positive errno @param call the system or library call @param hint what to do next, or empty
   */
  Failure(int error, std::string call, std::string hint = "");

  Failure& at_interface(uint32_t ifindex, const std::string& name);
  Failure& in_namespace(const std::string& path);
  Failure& with_verifier_log(const std::string& log);
  /** Says what the call was about, for example a file or a map. */
  Failure& about(const std::string& subject);

  const char* what() const noexcept override { return call_.c_str(); }
  /** Everything in one sentence. */
  std::string message() const;
  int error() const { return error_; }
  const std::string& hint() const { return hint_; }
  Napi::Error to_error(Napi::Env env) const;

 private:
  int error_;
  std::string call_;
  std::string hint_;
  std::string subject_;
  std::string interface_;
  uint32_t ifindex_ = 0;
  std::string netns_;
  std::string verifier_log_;
};

/** Runs a method's body; a Failure leaves it as a JavaScript error. */
template <typename Body>
auto guarded(Napi::Env env, Body body) -> decltype(body()) {
  try {
    return body();
  } catch (const Failure& failure) {
    throw failure.to_error(env);
  }
}

}  // namespace vethscope
