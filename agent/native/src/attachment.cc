#include "attachment.h"

#include <utility>

#include "environment.h"

namespace vethscope {

AttachmentResource::AttachmentResource(std::shared_ptr<ResourceRegistry> registry,
                                       std::shared_ptr<Resource> owner, std::unique_ptr<Hook> hook,
                                       uint32_t program_id, Place place, std::function<void()> on_close)
    : Resource(std::move(registry)),
      owner_(std::move(owner)),
      hook_(std::move(hook)),
      place_(place),
      program_id_(program_id),
      link_id_(hook_->link_id()),
      on_close_(std::move(on_close)) {}

void AttachmentResource::release() {
  try {
    hook_->detach();
  } catch (const Failure& failure) {
    /* The rest goes all the same; close() tells it. */
    refusal_ = failure;
  }
  hook_.reset();
  /* Dropped with its call: it may hold maps and programs, and this object waits for garbage collection. */
  if (auto on_close = std::exchange(on_close_, nullptr)) on_close();
  owner_.reset();
}

void Attachment::define(Napi::Env env) {
  Napi::Function constructor =
      DefineClass(env, "Attachment",
                  {
                      InstanceMethod<&Attachment::close>("close", napi_default_method),
                      InstanceAccessor<&Attachment::netns>("netns", napi_enumerable),
                      InstanceAccessor<&Attachment::ifindex>("ifindex", napi_enumerable),
                      InstanceAccessor<&Attachment::index>("index", napi_enumerable),
                      InstanceAccessor<&Attachment::direction>("direction", napi_enumerable),
                      InstanceAccessor<&Attachment::program>("programId", napi_enumerable),
                      InstanceAccessor<&Attachment::link>("linkId", napi_enumerable),
                  });
  Environment::of(env).attachment = Napi::Persistent(constructor);
}

Napi::Object Attachment::wrap(Napi::Env env, std::shared_ptr<AttachmentResource> resource) {
  return Environment::of(env).attachment.New(
      {Napi::External<std::shared_ptr<AttachmentResource>>::New(env, &resource)});
}

Attachment::Attachment(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  require_internal(info);
  resource_ = std::move(*info[0].As<Napi::External<std::shared_ptr<AttachmentResource>>>().Data());
}

void Attachment::close(const Napi::CallbackInfo& info) {
  resource_->close();
  if (resource_->refusal()) throw resource_->refusal()->to_error(info.Env());
}

Napi::Value Attachment::netns(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), resource_->place().netns);
}

Napi::Value Attachment::ifindex(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), resource_->place().ifindex);
}

Napi::Value Attachment::index(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), resource_->place().index);
}

Napi::Value Attachment::direction(const Napi::CallbackInfo& info) {
  return to_string(info.Env(), resource_->place().direction);
}

Napi::Value Attachment::program(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), resource_->program());
}

Napi::Value Attachment::link(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), resource_->link());
}

AttachArguments::AttachArguments(const Napi::CallbackInfo& info, size_t first)
    : netns(NetworkNamespace::argument(info, first)) {
  Napi::Env env = info.Env();
  if (info.Length() < first + 3 || !info[first + 1].IsNumber() || !info[first + 2].IsString()) {
    throw Napi::TypeError::New(env, "attach takes a namespace, an interface index and a direction");
  }
  double index = info[first + 1].As<Napi::Number>().DoubleValue();
  std::string word = info[first + 2].As<Napi::String>();
  if (!(index >= 1 && index < 1 << 30) || index != static_cast<uint32_t>(index)) {
    throw Napi::RangeError::New(env, "An interface index is a positive whole number below 2^30");
  }
  if (word != "ingress" && word != "egress") {
    throw Napi::RangeError::New(env, "A direction is ingress or egress, not " + word);
  }
  ifindex = static_cast<uint32_t>(index);
  direction = word == "ingress" ? Direction::ingress : Direction::egress;
}

Napi::String to_string(Napi::Env env, Direction direction) {
  return Napi::String::New(env, direction == Direction::ingress ? "ingress" : "egress");
}

}  // namespace vethscope
