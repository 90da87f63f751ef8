#pragma once

#include <cstdint>
#include <memory>

#include "hook.h"
#include "traffic_control.h"

namespace vethscope {

/**
 * A program as a legacy filter of the clsact qdisc, for kernels without TCX. It shares the interface with
 * other tools' filters: it has a priority of its own, only the filter that holds our program is ever deleted,
 * and the qdisc stays, because others may have come to use it.
 */
class ClsactFilter : public Hook {
 public:
  /**
   * Adds the qdisc if there is none, removes filters of agents that were killed, adds the filter. Throws
   * Failure.
   * @param socket of the namespace; nobody else's, as the process may end on another thread
   */
  ClsactFilter(std::shared_ptr<NetlinkSocket> socket, int program_fd, uint32_t program_id, FilterPlace place);

  /** Also at exit() of the process, which closes no handles: process.exit() and an uncaught error come to it.
   */
  void detach() override;
  uint32_t link_id() const override { return 0; }
  ~ClsactFilter() override;
  ClsactFilter(const ClsactFilter&) = delete;
  ClsactFilter& operator=(const ClsactFilter&) = delete;

 private:
  static void detach_all();

  void add(int program_fd);
  void take_off();

  std::shared_ptr<NetlinkSocket> socket_;
  FilterPlace place_;
  BpfFilter filter_;
};

}  // namespace vethscope
