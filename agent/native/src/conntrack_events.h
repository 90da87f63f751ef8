#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "conntrack_record.h"
#include "netlink_socket.h"
#include "network_namespace.h"
#include "resource.h"
#include "stop_signal.h"

namespace vethscope {

/** What was read since it was last asked for. */
struct ConntrackBatch {
  std::vector<ConntrackRecord> records;
  /** Times that the kernel had no room in the socket, and dropped an unknown number of events. */
  uint32_t overruns = 0;
};

/** How much waits for JavaScript. */
struct ConntrackLimits {
  /** Socket buffer: some ten thousand events. The thread is awake long before at any rate tracking can take.
   */
  int receive_bytes = 16 << 20;
  /** 26 MB. Beyond it the socket fills up, and the kernel says when it had no more room. */
  size_t records = 256 * 1024;
};

/**
 * Reads the entries that a namespace's connection tracking makes and destroys, on a thread, so that the
 * socket does not overrun while JavaScript is busy.
 */
class ConntrackEvents : public Resource {
 public:
  ConntrackEvents(std::shared_ptr<ResourceRegistry> registry, NamespaceResource& netns, bool translated_only,
                  const ConntrackLimits& limits);
  ~ConntrackEvents() override { close(); }

  /** Everything that the kernel told up to now: also what the thread has not read yet. Throws Failure. */
  ConntrackBatch take();

 protected:
  void release() override;

 private:
  void poll_events();
  bool read_all();
  bool receive();

  std::string netns_path_;
  bool translated_only_;
  size_t most_records_;
  std::unique_ptr<NetlinkSocket> socket_;
  StopSignal stop_;
  std::mutex mutex_;
  ConntrackBatch batch_;
  /** errno that ended the reading, 0 for none. */
  int error_ = 0;
  std::thread thread_;
};

}  // namespace vethscope
