#include "program_object.h"

#include <utility>

#include "collector.h"
#include "environment.h"
#include "failure.h"
#include "tcx_link.h"

namespace vethscope {

ProgramObjectResource::ProgramObjectResource(std::shared_ptr<ResourceRegistry> registry,
                                             const std::string& path)
    : Resource(std::move(registry)), object_(std::make_shared<BpfObject>(read_object_file(path), path)) {}

std::shared_ptr<AttachmentResource> ProgramObjectResource::attach(std::shared_ptr<ResourceRegistry> registry,
                                                                  const std::string& program,
                                                                  const AttachArguments& place) {
  int program_fd = object_->program_fd(program);
  std::unique_ptr<Hook> hook;
  try {
    place.netns->run([&] { hook = std::make_unique<TcxLink>(program_fd, place.ifindex, place.direction); });
  } catch (Failure& failure) {
    throw failure.at_interface(place.ifindex, place.netns->interface_name(place.ifindex))
        .in_namespace(place.netns->path());
  }
  auto attachment = std::make_shared<AttachmentResource>(
      std::move(registry), shared_from_this(), std::move(hook), program_id(program_fd),
      AttachmentResource::Place{0, place.ifindex, place.direction, 0});
  attachments_.push_back(attachment);
  return attachment;
}

void ProgramObjectResource::release() {
  auto attachments = std::move(attachments_);
  for (const auto& attachment : attachments) {
    if (auto alive = attachment.lock()) alive->close();
  }
  object_.reset();
}

void ProgramObject::define(Napi::Env env, Napi::Object exports) {
  exports.Set("ProgramObject",
              DefineClass(env, "ProgramObject",
                          {
                              InstanceMethod<&ProgramObject::attach>("attach", napi_default_method),
                              InstanceMethod<&ProgramObject::statistics>("statistics", napi_default_method),
                              InstanceMethod<&ProgramObject::close>("close", napi_default_method),
                          }));
}

ProgramObject::ProgramObject(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  if (info.Length() < 1 || !info[0].IsString()) {
    throw Napi::TypeError::New(info.Env(), "ProgramObject takes the path of a BPF object file");
  }
  guarded(info.Env(), [&] {
    resource_ = std::make_shared<ProgramObjectResource>(Environment::of(info.Env()).registry,
                                                        info[0].As<Napi::String>().Utf8Value());
  });
}

ProgramObjectResource& ProgramObject::open(Napi::Env env) {
  require_open(env, resource_.get(), "program object");
  return *resource_;
}

Napi::Value ProgramObject::attach(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  ProgramObjectResource& object = open(env);
  if (info.Length() < 1 || !info[0].IsString())
    throw Napi::TypeError::New(env, "attach takes a program's name");
  AttachArguments place(info, 1);
  return guarded(env, [&] {
    return Attachment::wrap(
        env, object.attach(Environment::of(env).registry, info[0].As<Napi::String>().Utf8Value(), place));
  });
}

Napi::Value ProgramObject::statistics(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] { return to_object(info.Env(), open(info.Env()).statistics()); });
}

void ProgramObject::close(const Napi::CallbackInfo&) { resource_->close(); }

}  // namespace vethscope
