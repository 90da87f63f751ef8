#pragma once

#include <cstdint>

namespace vethscope {

enum class Direction { ingress, egress };

/** What keeps a program at its place. */
class Hook {
 public:
  virtual ~Hook() = default;
  /** Takes the program off, once. Throws Failure when the kernel refused. */
  virtual void detach() = 0;
  /** The kernel's id of the link, as bpftool prints it; 0 where there is none. */
  virtual uint32_t link_id() const = 0;
  /** False when the device is gone, whatever has its ifindex now; true where that cannot be told. */
  virtual bool has_device() const { return true; }
};

}  // namespace vethscope
