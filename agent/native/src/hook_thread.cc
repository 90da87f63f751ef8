#include "hook_thread.h"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace vethscope {

HookThread::HookThread(Descriptor netns, Direction direction, Work work)
    : netns_(std::move(netns)), direction_(direction), work_(std::move(work)) {
  thread_ = std::thread([this] { run(); });
}

void HookThread::stop() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void HookThread::put(Job job) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  changed_.notify_one();
}

std::optional<HookThread::Job> HookThread::next() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
  if (stopping_) return std::nullopt;
  return take_first();
}

/**
 * What comes goes before what goes: a packet may pass there at once. But what had the same ifindex before is
 * let go first: a filter is found by it.
 */
HookThread::Job HookThread::take_first() {
  auto first = jobs_.begin();
  for (auto job = jobs_.begin(); job != jobs_.end(); ++job) {
    if (!job->attaches) continue;
    bool is_free = std::none_of(jobs_.begin(), job, [&](const Job& earlier) {
      return earlier.interface->ifindex == job->interface->ifindex;
    });
    if (!is_free) continue;
    first = job;
    break;
  }
  Job taken = std::move(*first);
  jobs_.erase(first);
  return taken;
}

void HookThread::run() {
  int entered = setns(netns_.get(), CLONE_NEWNET) == 0 ? 0 : errno;
  while (auto job = next()) {
    FollowedInterface& interface = *job->interface;
    if (!job->attaches) {
      release_now(interface);
      work_.released(job->interface);
      continue;
    }
    if (entered == 0) {
      attach_now(interface);
    } else {
      interface.failures[static_cast<int>(direction_)] =
          Failure(entered, "setns", "Entering a network namespace needs CAP_SYS_ADMIN");
    }
    work_.attached(job->interface);
  }
}

void HookThread::attach_now(FollowedInterface& interface) const {
  if (interface.gone) return;
  auto at = static_cast<int>(direction_);
  try {
    interface.hooks[at] = work_.make(interface.ifindex);
  } catch (const Failure& failure) {
    interface.failures[at] = failure;
  }
}

void HookThread::release_now(FollowedInterface& interface) const {
  auto at = static_cast<int>(direction_);
  interface.failures[at].reset();
  if (!interface.hooks[at]) return;
  try {
    interface.hooks[at]->detach();
  } catch (const Failure& failure) {
    interface.failures[at] = failure;
  }
  interface.hooks[at].reset();
}

}  // namespace vethscope
