#include "pinned_map.h"

#include <bpf/bpf.h>

#include <cerrno>
#include <utility>

#include "byte_buffer.h"
#include "environment.h"
#include "failure.h"

namespace vethscope {

namespace {

Descriptor open_pin(const std::string& path) {
  LIBBPF_OPTS(bpf_obj_get_opts, options, .file_flags = BPF_F_RDONLY);
  int fd = bpf_obj_get_opts(path.c_str(), &options);
  if (fd < 0) throw Failure(-fd, "bpf_obj_get").about("map pinned at " + path);
  return Descriptor(fd);
}

bpf_map_info map_info(int fd, const std::string& path) {
  bpf_map_info info = {};
  uint32_t length = sizeof(info);
  int error = bpf_obj_get_info_by_fd(fd, &info, &length);
  if (error != 0) throw Failure(-error, "bpf_obj_get_info_by_fd").about("map pinned at " + path);
  return info;
}

}  // namespace

PinnedMapResource::PinnedMapResource(std::shared_ptr<ResourceRegistry> registry, const std::string& path)
    : Resource(std::move(registry)), path_(path), map_(open_pin(path)) {
  bpf_map_info info = map_info(map_.get(), path);
  type_ = info.type;
  id_ = info.id;
  key_size_ = info.key_size;
  value_size_ = info.value_size;
  name_ = info.name;
}

bool PinnedMapResource::is_per_cpu() const {
  return type_ == BPF_MAP_TYPE_PERCPU_HASH || type_ == BPF_MAP_TYPE_LRU_PERCPU_HASH ||
         type_ == BPF_MAP_TYPE_PERCPU_ARRAY || type_ == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE;
}

std::vector<uint8_t> PinnedMapResource::lookup(const uint8_t* keys, size_t count,
                                               std::vector<uint8_t>& values) const {
  /* Their values are longer than value_size says. */
  if (is_per_cpu()) throw Failure(EOPNOTSUPP, "bpf_map_lookup_elem").about("map pinned at " + path_);
  std::vector<uint8_t> found(count);
  values.assign(count * value_size_, 0);
  for (size_t i = 0; i < count; ++i) {
    int error = bpf_map_lookup_elem(map_.get(), keys + i * key_size_, values.data() + i * value_size_);
    if (error == 0) {
      found[i] = 1;
    } else if (error != -ENOENT) {
      throw Failure(-error, "bpf_map_lookup_elem").about("map pinned at " + path_);
    }
  }
  return found;
}

void PinnedMap::define(Napi::Env env, Napi::Object exports) {
  exports.Set("PinnedMap",
              DefineClass(env, "PinnedMap",
                          {
                              InstanceAccessor<&PinnedMap::type>("type", napi_enumerable),
                              InstanceAccessor<&PinnedMap::id>("id", napi_enumerable),
                              InstanceAccessor<&PinnedMap::key_size>("keySize", napi_enumerable),
                              InstanceAccessor<&PinnedMap::value_size>("valueSize", napi_enumerable),
                              InstanceAccessor<&PinnedMap::name>("name", napi_enumerable),
                              InstanceMethod<&PinnedMap::lookup>("lookup", napi_default_method),
                              InstanceMethod<&PinnedMap::close>("close", napi_default_method),
                          }));
}

PinnedMap::PinnedMap(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  if (info.Length() < 1 || !info[0].IsString()) {
    throw Napi::TypeError::New(info.Env(), "PinnedMap takes the path of a pinned map");
  }
  guarded(info.Env(), [&] {
    resource_ = std::make_shared<PinnedMapResource>(Environment::of(info.Env()).registry,
                                                    info[0].As<Napi::String>().Utf8Value());
  });
}

Napi::Value PinnedMap::type(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), resource_->type());
}

Napi::Value PinnedMap::id(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), resource_->id());
}

Napi::Value PinnedMap::key_size(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), resource_->key_size());
}

Napi::Value PinnedMap::value_size(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), resource_->value_size());
}

Napi::Value PinnedMap::name(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), resource_->name());
}

Napi::Value PinnedMap::lookup(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  require_open(env, resource_.get(), "pinned map");
  uint32_t key_size = resource_->key_size();
  if (info.Length() < 1 || !info[0].IsTypedArray() ||
      info[0].As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array ||
      info[0].As<Napi::Uint8Array>().ByteLength() % key_size != 0) {
    throw Napi::TypeError::New(
        env, "lookup() takes packed keys of " + std::to_string(key_size) + " bytes as a Uint8Array");
  }
  auto keys = info[0].As<Napi::Uint8Array>();
  return guarded(env, [&] {
    std::vector<uint8_t> values;
    std::vector<uint8_t> found = resource_->lookup(keys.Data(), keys.ByteLength() / key_size, values);
    Napi::Object object = Napi::Object::New(env);
    object.Set("found", to_buffer(env, std::move(found)));
    object.Set("values", to_buffer(env, std::move(values)));
    return object;
  });
}

void PinnedMap::close(const Napi::CallbackInfo&) { resource_->close(); }

}  // namespace vethscope
