#pragma once

#include <napi.h>

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "bpf_object.h"
#include "collector_options.h"
#include "control.h"
#include "followed_changes.h"
#include "hook_thread.h"
#include "netlink_events.h"
#include "netlink_tables.h"
#include "network_namespace.h"
#include "point_map.h"
#include "resource.h"
#include "stop_signal.h"
#include "thread_callback.h"

namespace vethscope {

/** Interfaces that are wanted; all where there are none. */
using FollowedNames = std::set<std::string>;

/** What the collector has for a namespace. */
struct FollowedNamespace {
  uint32_t index;
  std::shared_ptr<BpfObject> programs;
  std::shared_ptr<PointMap> points;
  std::shared_ptr<Control> control;
  AttachWay way;
};

/**
 * Keeps both programs attached to the wanted interfaces of a namespace as they come and go. A thread hears
 * the kernel and never waits for it; another one a direction attaches and detaches, so that both stand in the
 * kernel's queue at once, before whoever made the interface sets it up. JavaScript's thread only takes what
 * happened.
 */
class InterfaceFollower : public Resource {
 public:
  InterfaceFollower(std::shared_ptr<ResourceRegistry> registry, std::shared_ptr<Resource> owner,
                    const NamespaceResource& netns, FollowedNamespace followed, FollowedNames names,
                    Napi::Env env, Napi::Function callback);
  ~InterfaceFollower() override { close(); }

  /** What happened since the last time, in order: an interface is found before anything counted there is
   * drained. */
  std::vector<FollowedChange> take(Napi::Env env);
  /** Follows no more and lets go of everything; `detached` tells when. The process waits for it, as for
   * `ready`. */
  void detach(Napi::Env env);
  uint32_t netns_index() const { return followed_.index; }
  std::vector<uint32_t> program_ids() const { return program_ids_; }

 protected:
  void release() override;

 private:
  using Interface = HookThread::Interface;

  static void deliver(Napi::Env env, Napi::Function callback, FollowedChanges& changes);

  HookThread::Work work(Direction direction);
  void listen();
  void scan();
  void notice(const nlmsghdr* message);
  void consider(const Link& link, bool initial);
  void learn_tunnel(const Link& link);
  void let_go(uint32_t ifindex);
  void let_go(const Interface& interface);
  void attached(const Interface& interface);
  void released(const Interface& interface);
  void refuse(const Interface& interface, Failure failure);
  void tell(FollowedChange change);
  void tell_if_ready();

  std::shared_ptr<Resource> owner_;
  std::string path_;
  FollowedNamespace followed_;
  FollowedNames names_;
  std::vector<uint32_t> program_ids_;
  std::unique_ptr<NetlinkEvents> events_;
  std::unique_ptr<NetlinkSocket> socket_; /* for listing */
  StopSignal stop_;
  std::shared_ptr<FollowedChanges> changes_ = std::make_shared<FollowedChanges>();
  ThreadCallback<FollowedChanges, deliver> callback_;
  bool detach_asked_ = false; /* JavaScript's thread's */

  /** Guards what follows, for the three threads. */
  std::mutex mutex_;
  std::map<uint32_t, Interface> present_; /* by ifindex */
  std::set<Interface> held_;              /* of which something may be attached */
  std::set<uint16_t> tunnel_ports_;
  int initial_ = 0; /* of the first, those that are not attached yet */
  bool scanned_ = false;
  bool ready_ = false;
  bool detaching_ = false;

  std::unique_ptr<HookThread> directions_[2];
  std::thread listener_;
};

}  // namespace vethscope
