#pragma once

#include <napi.h>

#include <functional>
#include <memory>
#include <string>

#include "descriptor.h"
#include "netlink_socket.h"
#include "resource.h"

namespace vethscope {

/** An open namespace file, and an rtnetlink socket inside it. */
class NamespaceResource : public Resource {
 public:
  /** Throws Failure when the path cannot be opened or is no network namespace. */
  NamespaceResource(std::shared_ptr<ResourceRegistry> registry, const std::string& path);
  ~NamespaceResource() override { close(); }

  const std::string& path() const { return path_; }
  uint64_t inode() const { return inode_; }
  int fd() const { return fd_.get(); }
  NetlinkSocket& socket();
  /** Runs work on a thread inside the namespace. */
  void run(const std::function<void()>& work) const;
  /** Name of an interface here; empty when there is none of that index. */
  std::string interface_name(uint32_t ifindex) const;

 protected:
  void release() override;

 private:
  std::string path_;
  Descriptor fd_;
  uint64_t inode_ = 0;
  std::unique_ptr<NetlinkSocket> socket_;
};

/** JavaScript's NetworkNamespace (index.d.ts). */
class NetworkNamespace : public Napi::ObjectWrap<NetworkNamespace> {
 public:
  static void define(Napi::Env env, Napi::Object exports);
  /** The open namespace that a method's argument is; throws TypeError or the closed error. */
  static std::shared_ptr<NamespaceResource> argument(const Napi::CallbackInfo& info, size_t index);

  explicit NetworkNamespace(const Napi::CallbackInfo& info);

 private:
  NamespaceResource& open(Napi::Env env);

  Napi::Value path(const Napi::CallbackInfo& info);
  Napi::Value inode(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);
  Napi::Value links(const Napi::CallbackInfo& info);
  Napi::Value addresses(const Napi::CallbackInfo& info);
  Napi::Value routes(const Napi::CallbackInfo& info);
  Napi::Value rules(const Napi::CallbackInfo& info);
  Napi::Value neighbours(const Napi::CallbackInfo& info);
  Napi::Value forwarding(const Napi::CallbackInfo& info);
  Napi::Value sockets(const Napi::CallbackInfo& info);
  Napi::Value sysctl(const Napi::CallbackInfo& info);
  Napi::Value id_of(const Napi::CallbackInfo& info);
  Napi::Value watch(const Napi::CallbackInfo& info);
  Napi::Value conntrack(const Napi::CallbackInfo& info);
  Napi::Value conntrack_initiators(const Napi::CallbackInfo& info);
  Napi::Value watch_conntrack(const Napi::CallbackInfo& info);

  std::shared_ptr<NamespaceResource> resource_;
};

}  // namespace vethscope
