#pragma once

#include <napi.h>

#include <memory>
#include <string>
#include <vector>

#include "attachment.h"
#include "bpf_object.h"
#include "resource.h"

namespace vethscope {

/** Any object file with sched_cls programs: what the collector's cost is compared with. */
class ProgramObjectResource : public Resource, public std::enable_shared_from_this<ProgramObjectResource> {
 public:
  ProgramObjectResource(std::shared_ptr<ResourceRegistry> registry, const std::string& path);
  ~ProgramObjectResource() override { close(); }

  std::shared_ptr<AttachmentResource> attach(std::shared_ptr<ResourceRegistry> registry,
                                             const std::string& program, const AttachArguments& place);
  ProgramStatistics statistics() const { return object_->statistics(); }

 protected:
  void release() override;

 private:
  std::shared_ptr<BpfObject> object_;
  std::vector<std::weak_ptr<Resource>> attachments_;
};

/** JavaScript's ProgramObject (index.d.ts). */
class ProgramObject : public Napi::ObjectWrap<ProgramObject> {
 public:
  static void define(Napi::Env env, Napi::Object exports);

  explicit ProgramObject(const Napi::CallbackInfo& info);

 private:
  ProgramObjectResource& open(Napi::Env env);

  Napi::Value attach(const Napi::CallbackInfo& info);
  Napi::Value statistics(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);

  std::shared_ptr<ProgramObjectResource> resource_;
};

}  // namespace vethscope
