#include "kernel_statistics.h"

#include <bpf/bpf.h>

#include <utility>

#include "failure.h"

namespace vethscope {

KernelStatistics::KernelStatistics(std::shared_ptr<ResourceRegistry> registry)
    : Resource(std::move(registry)) {
  int fd = bpf_enable_stats(BPF_STATS_RUN_TIME);
  if (fd < 0) throw Failure(-fd, "bpf_enable_stats", "Statistics need CAP_SYS_ADMIN and Linux 5.8");
  switch_.reset(fd);
}

}  // namespace vethscope
