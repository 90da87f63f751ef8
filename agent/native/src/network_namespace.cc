#include "network_namespace.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "closable.h"
#include "conntrack_dump.h"
#include "conntrack_initiators.h"
#include "conntrack_watch.h"
#include "environment.h"
#include "failure.h"
#include "link_watch.h"
#include "netlink_convert.h"
#include "netlink_tables.h"
#include "socket_dump_worker.h"

namespace vethscope {

namespace {

/** The sysctl's text without its line end, or nothing where this namespace has none. */
std::optional<std::string> read_sysctl(const NamespaceResource& netns, const std::string& name) {
  std::optional<std::string> value;
  netns.run([&] {
    /* /proc/sys/net answers for the namespace of the thread that opens it. */
    std::ifstream file("/proc/sys/" + name);
    if (!file) return;
    std::stringstream text;
    text << file.rdbuf();
    value = text.str();
    while (!value->empty() && value->back() == '\n') value->pop_back();
  });
  return value;
}

/** Argument 1 of the conntrack methods. */
bool wants_translated_only(const Napi::CallbackInfo& info) {
  std::string which = info.Length() > 0 && info[0].IsString() ? info[0].As<Napi::String>().Utf8Value() : "";
  if (which == "translated") return true;
  if (which == "all") return false;
  throw Napi::TypeError::New(info.Env(), "Argument 1 must be 'all' or 'translated'");
}

/** Argument 1 of conntrackInitiators. */
std::vector<flow_key> flow_keys(const Napi::CallbackInfo& info) {
  if (info.Length() < 1 || !info[0].IsBuffer()) {
    throw Napi::TypeError::New(info.Env(), "Argument 1 must be a Buffer of flow keys");
  }
  auto buffer = info[0].As<Napi::Buffer<uint8_t>>();
  if (buffer.Length() % sizeof(flow_key) != 0) {
    throw Napi::RangeError::New(info.Env(), "Argument 1 must be whole flow keys");
  }
  std::vector<flow_key> keys(buffer.Length() / sizeof(flow_key));
  std::copy(buffer.Data(), buffer.Data() + buffer.Length(), reinterpret_cast<uint8_t*>(keys.data()));
  return keys;
}

/** Argument 2 of watchConntrack. */
ConntrackLimits conntrack_limits(const Napi::CallbackInfo& info) {
  ConntrackLimits limits;
  if (info.Length() < 2 || !info[1].IsObject()) return limits;
  Napi::Object object = info[1].As<Napi::Object>();
  Napi::Value receive_bytes = object.Get("receiveBytes");
  Napi::Value records = object.Get("records");
  if (receive_bytes.IsNumber()) limits.receive_bytes = receive_bytes.As<Napi::Number>().Int32Value();
  if (records.IsNumber()) limits.records = records.As<Napi::Number>().Uint32Value();
  return limits;
}

}  // namespace

void NetworkNamespace::define(Napi::Env env, Napi::Object exports) {
  Napi::Function constructor = DefineClass(
      env, "NetworkNamespace",
      {
          InstanceAccessor<&NetworkNamespace::path>("path", napi_enumerable),
          InstanceAccessor<&NetworkNamespace::inode>("inode", napi_enumerable),
          InstanceMethod<&NetworkNamespace::close>("close", napi_default_method),
          InstanceMethod<&NetworkNamespace::links>("links", napi_default_method),
          InstanceMethod<&NetworkNamespace::addresses>("addresses", napi_default_method),
          InstanceMethod<&NetworkNamespace::routes>("routes", napi_default_method),
          InstanceMethod<&NetworkNamespace::rules>("rules", napi_default_method),
          InstanceMethod<&NetworkNamespace::neighbours>("neighbours", napi_default_method),
          InstanceMethod<&NetworkNamespace::forwarding>("forwarding", napi_default_method),
          InstanceMethod<&NetworkNamespace::sockets>("sockets", napi_default_method),
          InstanceMethod<&NetworkNamespace::sysctl>("sysctl", napi_default_method),
          InstanceMethod<&NetworkNamespace::id_of>("idOf", napi_default_method),
          InstanceMethod<&NetworkNamespace::watch>("watch", napi_default_method),
          InstanceMethod<&NetworkNamespace::conntrack>("conntrack", napi_default_method),
          InstanceMethod<&NetworkNamespace::conntrack_initiators>("conntrackInitiators", napi_default_method),
          InstanceMethod<&NetworkNamespace::watch_conntrack>("watchConntrack", napi_default_method),
      });
  Environment::of(env).network_namespace = Napi::Persistent(constructor);
  exports.Set("NetworkNamespace", constructor);
}

std::shared_ptr<NamespaceResource> NetworkNamespace::argument(const Napi::CallbackInfo& info, size_t index) {
  Napi::Env env = info.Env();
  Napi::Function constructor = Environment::of(env).network_namespace.Value();
  if (index >= info.Length() || !info[index].IsObject() ||
      !info[index].As<Napi::Object>().InstanceOf(constructor)) {
    throw Napi::TypeError::New(env, "Argument " + std::to_string(index + 1) + " must be a NetworkNamespace");
  }
  NetworkNamespace* netns = Unwrap(info[index].As<Napi::Object>());
  require_open(env, netns->resource_.get(), "network namespace");
  return netns->resource_;
}

NetworkNamespace::NetworkNamespace(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  if (info.Length() < 1 || !info[0].IsString()) {
    throw Napi::TypeError::New(info.Env(), "NetworkNamespace takes the path of a namespace file");
  }
  guarded(info.Env(), [&] {
    resource_ = std::make_shared<NamespaceResource>(Environment::of(info.Env()).registry,
                                                    info[0].As<Napi::String>().Utf8Value());
  });
}

NamespaceResource& NetworkNamespace::open(Napi::Env env) {
  require_open(env, resource_.get(), "network namespace");
  return *resource_;
}

Napi::Value NetworkNamespace::path(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), resource_->path());
}

Napi::Value NetworkNamespace::inode(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(resource_->inode()));
}

void NetworkNamespace::close(const Napi::CallbackInfo&) { resource_->close(); }

Napi::Value NetworkNamespace::links(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] { return to_array(info.Env(), list_links(open(info.Env()).socket())); });
}

Napi::Value NetworkNamespace::addresses(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] { return to_array(info.Env(), list_addresses(open(info.Env()).socket())); });
}

Napi::Value NetworkNamespace::routes(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] { return to_array(info.Env(), list_routes(open(info.Env()).socket())); });
}

Napi::Value NetworkNamespace::rules(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] { return to_array(info.Env(), list_rules(open(info.Env()).socket())); });
}

Napi::Value NetworkNamespace::neighbours(const Napi::CallbackInfo& info) {
  return guarded(info.Env(),
                 [&] { return to_array(info.Env(), list_neighbours(open(info.Env()).socket())); });
}

Napi::Value NetworkNamespace::forwarding(const Napi::CallbackInfo& info) {
  return guarded(info.Env(),
                 [&] { return to_array(info.Env(), list_forwarding(open(info.Env()).socket())); });
}

Napi::Value NetworkNamespace::sockets(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  return guarded(env, [&] { return queue(std::make_unique<SocketDumpWorker>(env, open(env))); });
}

Napi::Value NetworkNamespace::sysctl(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (info.Length() < 1 || !info[0].IsString()) throw Napi::TypeError::New(env, "sysctl takes a name");
  std::string name = info[0].As<Napi::String>().Utf8Value();
  if (name.rfind("net/", 0) != 0 || name.find("..") != std::string::npos) {
    throw Napi::RangeError::New(env, "A sysctl of a network namespace starts with net/: " + name);
  }
  return guarded(env, [&]() -> Napi::Value {
    auto value = read_sysctl(open(env), name);
    return value ? Napi::Value(Napi::String::New(env, *value)) : env.Null();
  });
}

Napi::Value NetworkNamespace::id_of(const Napi::CallbackInfo& info) {
  auto other = argument(info, 0);
  return guarded(info.Env(), [&] {
    return Napi::Number::New(info.Env(), namespace_id(open(info.Env()).socket(), other->fd()));
  });
}

Napi::Value NetworkNamespace::watch(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (info.Length() < 1 || !info[0].IsFunction()) throw Napi::TypeError::New(env, "watch takes a callback");
  return guarded(env, [&] {
    auto watch = std::make_shared<LinkWatch>(Environment::of(env).registry, open(env), env,
                                             info[0].As<Napi::Function>());
    return Closable::wrap(env, watch);
  });
}

Napi::Value NetworkNamespace::conntrack(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  return guarded(env, [&] {
    return queue(std::make_unique<ConntrackDump>(env, open(env), wants_translated_only(info)));
  });
}

Napi::Value NetworkNamespace::conntrack_initiators(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  return guarded(env, [&] {
    auto worker = std::make_unique<ConntrackInitiators>(env, open(env), flow_keys(info));
    Napi::Promise promise = worker->promise();
    worker.release()->Queue();
    return promise;
  });
}

Napi::Value NetworkNamespace::watch_conntrack(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  return guarded(env, [&] {
    auto events = std::make_shared<ConntrackEvents>(Environment::of(env).registry, open(env),
                                                    wants_translated_only(info), conntrack_limits(info));
    return ConntrackWatch::wrap(env, events);
  });
}

}  // namespace vethscope
