#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "descriptor.h"
#include "resource.h"

namespace vethscope {

/** A map that another program made and pinned, opened for reading alone. */
class PinnedMapResource : public Resource {
 public:
  /** Throws Failure where there is none at the path or it may not be read. */
  PinnedMapResource(std::shared_ptr<ResourceRegistry> registry, const std::string& path);
  ~PinnedMapResource() override { close(); }

  uint32_t type() const { return type_; }
  uint32_t id() const { return id_; }
  uint32_t key_size() const { return key_size_; }
  uint32_t value_size() const { return value_size_; }
  const std::string& name() const { return name_; }
  /** Whether each value is one a CPU: those cannot be looked up here. */
  bool is_per_cpu() const;

  /**
   * Looks up keys that lie behind one another.
   * @param values takes a value for each key; zeros where there is none
   * @returns for each key 1 where it is there
   */
  std::vector<uint8_t> lookup(const uint8_t* keys, size_t count, std::vector<uint8_t>& values) const;

 protected:
  void release() override { map_.reset(); }

 private:
  std::string path_;
  Descriptor map_;
  uint32_t type_ = 0;
  uint32_t id_ = 0;
  uint32_t key_size_ = 0;
  uint32_t value_size_ = 0;
  std::string name_;
};

/** JavaScript's PinnedMap (index.d.ts). */
class PinnedMap : public Napi::ObjectWrap<PinnedMap> {
 public:
  static void define(Napi::Env env, Napi::Object exports);

  explicit PinnedMap(const Napi::CallbackInfo& info);

 private:
  Napi::Value type(const Napi::CallbackInfo& info);
  Napi::Value id(const Napi::CallbackInfo& info);
  Napi::Value key_size(const Napi::CallbackInfo& info);
  Napi::Value value_size(const Napi::CallbackInfo& info);
  Napi::Value name(const Napi::CallbackInfo& info);
  Napi::Value lookup(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);

  std::shared_ptr<PinnedMapResource> resource_;
};

}  // namespace vethscope
