#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "descriptor.h"
#include "failure.h"
#include "hook.h"

namespace vethscope {

/** One device from the moment it was told of until nothing of ours is left on it. */
struct FollowedInterface {
  uint32_t ifindex;
  uint32_t index; /* in flow records */
  std::string name;
  bool initial; /* there when following began */
  /** It is not to be attached any more, or to be let go. */
  std::atomic<bool> gone = false;
  /** By direction; each is touched by its thread alone until both threads have said that they are done. */
  std::unique_ptr<Hook> hooks[2] = {};
  std::optional<Failure> failures[2] = {};
  /** Directions that are not attached yet, and those that are not let go; the follower's. */
  int attaching = 2;
  int holding = 2;
};

/**
 * Attaches one direction's program and takes it off again, one after the other on a thread in the namespace:
 * a call takes two grace periods of RCU at worst, and waits for whoever else changes the network.
 */
class HookThread {
 public:
  using Interface = std::shared_ptr<FollowedInterface>;
  /** What it asks on its thread. */
  struct Work {
    std::function<std::unique_ptr<Hook>(uint32_t ifindex)> make;
    std::function<void(const Interface&)> attached;
    std::function<void(const Interface&)> released;
  };

  HookThread(Descriptor netns, Direction direction, Work work);
  ~HookThread() { stop(); }
  HookThread(const HookThread&) = delete;
  HookThread& operator=(const HookThread&) = delete;

  void attach(Interface interface) { put({std::move(interface), true}); }
  void release(Interface interface) { put({std::move(interface), false}); }
  /** Ends after the call under way; what waits is forgotten. */
  void stop();

 private:
  struct Job {
    Interface interface;
    bool attaches;
  };

  void put(Job job);
  std::optional<Job> next();
  Job take_first();
  void run();
  void attach_now(FollowedInterface& interface) const;
  void release_now(FollowedInterface& interface) const;

  Descriptor netns_;
  Direction direction_;
  Work work_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace vethscope
