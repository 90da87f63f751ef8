#pragma once

#include <cstdint>

#include "descriptor.h"
#include "hook.h"

namespace vethscope {

/**
 * Links a program to one interface and direction, before every program already there: whoever redirects a
 * packet ends the chain. The link lives as long as its descriptor, so it goes with the process. The program
 * runs from the start of the call on; to make the link and to end it the kernel also waits out an RCU grace
 * period each, with its lock for all network configuration held (net/core: tcx_entry_sync), so several
 * threads are no faster than one.
 */
class TcxLink : public Hook {
 public:
  /** In the calling thread's namespace. Throws Failure. */
  TcxLink(int program_fd, uint32_t ifindex, Direction direction);

  void detach() override { link_.reset(); }
  uint32_t link_id() const override { return id_; }
  bool has_device() const override;

 private:
  Descriptor link_;
  uint32_t id_;
};

}  // namespace vethscope
