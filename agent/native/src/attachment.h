#pragma once

#include <napi.h>

#include <functional>
#include <memory>
#include <optional>

#include "bpf_object.h"
#include "failure.h"
#include "hook.h"
#include "network_namespace.h"
#include "resource.h"

namespace vethscope {

/** One program at one interface and direction. Its owner (collector or object) lives at least as long. */
class AttachmentResource : public Resource {
 public:
  struct Place {
    uint32_t netns; /* index in flow keys; 0 where the program has none */
    uint32_t ifindex;
    Direction direction;
    uint32_t index; /* of the interface in flow records; 0 for none */
  };

  AttachmentResource(std::shared_ptr<ResourceRegistry> registry, std::shared_ptr<Resource> owner,
                     std::unique_ptr<Hook> hook, uint32_t program_id, Place place,
                     std::function<void()> on_close = nullptr);
  ~AttachmentResource() override { close(); }

  const Place& place() const { return place_; }
  uint32_t program() const { return program_id_; }
  uint32_t link() const { return link_id_; }
  /** Why the kernel refused to take the program off, where it did. */
  const std::optional<Failure>& refusal() const { return refusal_; }

 protected:
  void release() override;

 private:
  std::shared_ptr<Resource> owner_;
  std::unique_ptr<Hook> hook_;
  Place place_;
  uint32_t program_id_;
  uint32_t link_id_;
  std::function<void()> on_close_;
  std::optional<Failure> refusal_;
};

/** JavaScript's Attachment (index.d.ts). */
class Attachment : public Napi::ObjectWrap<Attachment> {
 public:
  static void define(Napi::Env env);
  static Napi::Object wrap(Napi::Env env, std::shared_ptr<AttachmentResource> resource);

  explicit Attachment(const Napi::CallbackInfo& info);

 private:
  void close(const Napi::CallbackInfo& info);
  Napi::Value netns(const Napi::CallbackInfo& info);
  Napi::Value ifindex(const Napi::CallbackInfo& info);
  Napi::Value index(const Napi::CallbackInfo& info);
  Napi::Value direction(const Napi::CallbackInfo& info);
  Napi::Value program(const Napi::CallbackInfo& info);
  Napi::Value link(const Napi::CallbackInfo& info);

  std::shared_ptr<AttachmentResource> resource_;
};

/** The arguments (netns, ifindex, direction) that start at an index; throws TypeError. */
struct AttachArguments {
  AttachArguments(const Napi::CallbackInfo& info, size_t first);
  std::shared_ptr<NamespaceResource> netns;
  uint32_t ifindex;
  Direction direction;
};

Napi::String to_string(Napi::Env env, Direction direction);

}  // namespace vethscope
