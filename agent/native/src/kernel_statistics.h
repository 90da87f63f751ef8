#pragma once

#include <memory>

#include "descriptor.h"
#include "resource.h"

namespace vethscope {

/** Keeps the kernel's program statistics on (BPF_ENABLE_STATS) while open. */
class KernelStatistics : public Resource {
 public:
  explicit KernelStatistics(std::shared_ptr<ResourceRegistry> registry);
  ~KernelStatistics() override { close(); }

 protected:
  void release() override { switch_.reset(); }

 private:
  Descriptor switch_;
};

}  // namespace vethscope
