#include <malloc.h>
#include <napi.h>

#include "attachment.h"
#include "bpf_object.h"
#include "closable.h"
#include "collector.h"
#include "conntrack_record.h"
#include "conntrack_watch.h"
#include "drop_reasons.h"
#include "environment.h"
#include "failure.h"
#include "flow_layout.h"
#include "follower.h"
#include "kernel_statistics.h"
#include "network_namespace.h"
#include "pinned_map.h"
#include "probe.h"
#include "program_object.h"
#include "socket_dump.h"

namespace vethscope {

namespace {

/** Drains are read on several threads, and glibc would keep up to 28 MB of freed records in the arena of
 * each. */
void keep_large_blocks_mapped() { mallopt(M_MMAP_THRESHOLD, 256 * 1024); }

Napi::Value probe(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  std::vector<Feature> features = probe_features();
  Napi::Array array = Napi::Array::New(env, features.size());
  for (uint32_t i = 0; i < features.size(); ++i) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("name", features[i].name);
    object.Set("available", Napi::Boolean::New(env, features[i].available));
    object.Set("detail", features[i].detail);
    array.Set(i, object);
  }
  return array;
}

Napi::Value enable_statistics(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  return guarded(env, [&] {
    return Closable::wrap(env, std::make_shared<KernelStatistics>(Environment::of(env).registry));
  });
}

Napi::Value drop_reasons(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  return guarded(env, [&] {
    Napi::Object object = Napi::Object::New(env);
    for (const auto& [reason, name] : read_drop_reasons()) object.Set(reason, name);
    return object;
  });
}

Napi::Value open_handles(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), Resource::open_count());
}

/** Sizes of packed records as this addon was compiled, for the reader to check its own. */
Napi::Object layout(Napi::Env env) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("flowRecordBytes", Napi::Number::New(env, sizeof(flow_record)));
  object.Set("eventBytes", Napi::Number::New(env, sizeof(event)));
  object.Set("pointSlots", Napi::Number::New(env, POINT_SLOTS));
  object.Set("conntrackRecordBytes", Napi::Number::New(env, sizeof(ConntrackRecord)));
  object.Set("unparsedCauses", Napi::Number::New(env, UNPARSED_CAUSES));
  object.Set("socketBytes", Napi::Number::New(env, sizeof(SocketRecord)));
  return object;
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  keep_large_blocks_mapped();
  capture_libbpf_messages();
  auto* environment = new Environment();
  env.SetInstanceData(environment);
  /* Before the environment's objects are finalized: threads end, links detach. */
  env.AddCleanupHook([registry = environment->registry] { registry->close_all(); });

  NetworkNamespace::define(env, exports);
  Closable::define(env);
  ConntrackWatch::define(env);
  Attachment::define(env);
  Follower::define(env);
  Collector::define(env, exports);
  ProgramObject::define(env, exports);
  PinnedMap::define(env, exports);
  exports.Set("probe", Napi::Function::New(env, probe, "probe"));
  exports.Set("enableStatistics", Napi::Function::New(env, enable_statistics, "enableStatistics"));
  exports.Set("dropReasons", Napi::Function::New(env, drop_reasons, "dropReasons"));
  exports.Set("openHandles", Napi::Function::New(env, open_handles, "openHandles"));
  exports.Set("layout", layout(env));
  return exports;
}

}  // namespace

NODE_API_MODULE(vethscope, init)

}  // namespace vethscope
