#pragma once

#include <napi.h>

#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "netlink_events.h"
#include "network_namespace.h"
#include "resource.h"
#include "stop_signal.h"
#include "thread_callback.h"

namespace vethscope {

/** One change, as index.d.ts LinkChange. */
struct LinkChange {
  const char* kind;
  bool removed;
  int32_t ifindex;
  int32_t nsid;
};

/** Changes on their way from the netlink thread to JavaScript. Bounded: what does not fit becomes one
 * overflow. */
class LinkChangeQueue {
 public:
  void push(const LinkChange& change);
  void push_overflow();
  std::vector<LinkChange> take();

 private:
  std::mutex mutex_;
  std::vector<LinkChange> changes_;
  bool overflowed_ = false;
};

/** Reads a namespace's change events on a thread. Does not keep the process alive. */
class LinkWatch : public Resource {
 public:
  LinkWatch(std::shared_ptr<ResourceRegistry> registry, NamespaceResource& netns, Napi::Env env,
            Napi::Function callback);
  ~LinkWatch() override { close(); }

 protected:
  void release() override;

 private:
  static void deliver(Napi::Env env, Napi::Function callback, LinkChangeQueue& queue);

  void poll_changes();
  bool receive();

  std::unique_ptr<NetlinkEvents> events_;
  StopSignal stop_;
  std::shared_ptr<LinkChangeQueue> queue_ = std::make_shared<LinkChangeQueue>();
  ThreadCallback<LinkChangeQueue, deliver> callback_;
  std::thread thread_;
};

}  // namespace vethscope
