#include "failure.h"

#include <cstring>
#include <utility>

namespace vethscope {

namespace {

std::string name_of(int error) {
  const char* name = strerrorname_np(error);
  return name ? name : "E" + std::to_string(error);
}

std::string description_of(int error) {
  const char* description = strerrordesc_np(error);
  return description ? description : "Unknown error";
}

}  // namespace

Failure::Failure(int error, std::string call, std::string hint)
    : error_(error), call_(std::move(call)), hint_(std::move(hint)) {}

Failure& Failure::at_interface(uint32_t ifindex, const std::string& name) {
  ifindex_ = ifindex;
  interface_ = name;
  return *this;
}

Failure& Failure::in_namespace(const std::string& path) {
  netns_ = path;
  return *this;
}

Failure& Failure::with_verifier_log(const std::string& log) {
  verifier_log_ = log;
  return *this;
}

Failure& Failure::about(const std::string& subject) {
  subject_ = subject;
  return *this;
}

std::string Failure::message() const {
  std::string text = call_ + ": " + description_of(error_) + " (" + name_of(error_) + ")";
  if (!subject_.empty()) text += ", " + subject_;
  if (!interface_.empty()) text += ", interface " + interface_;
  if (ifindex_ != 0) text += ", ifindex " + std::to_string(ifindex_);
  if (!netns_.empty()) text += ", network namespace " + netns_;
  if (!hint_.empty()) text += ". " + hint_;
  return text;
}

Napi::Error Failure::to_error(Napi::Env env) const {
  Napi::Error error = Napi::Error::New(env, message());
  Napi::Object value = error.Value();
  value.Set("code", Napi::String::New(env, name_of(error_)));
  value.Set("errno", Napi::Number::New(env, error_));
  value.Set("call", Napi::String::New(env, call_));
  if (!interface_.empty()) value.Set("interface", Napi::String::New(env, interface_));
  if (ifindex_ != 0) value.Set("ifindex", Napi::Number::New(env, ifindex_));
  if (!netns_.empty()) value.Set("netns", Napi::String::New(env, netns_));
  if (!verifier_log_.empty()) value.Set("verifierLog", Napi::String::New(env, verifier_log_));
  return error;
}

}  // namespace vethscope
