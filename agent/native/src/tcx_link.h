#pragma once

#include <cstdint>

#include "descriptor.h"
#include "hook.h"
#include "network_namespace.h"

namespace vethscope {

/**
 * Links a program to one interface and direction of a namespace, before every program already there: whoever
 * redirects a packet ends the chain. The link lives as long as its descriptor, so it goes with the process.
 */
class TcxLink : public Hook {
 public:
  /** Throws Failure. */
  TcxLink(const NamespaceResource& netns, int program_fd, uint32_t ifindex, Direction direction);

  void detach() override { link_.reset(); }
  uint32_t link_id() const override { return id_; }

 private:
  Descriptor link_;
  uint32_t id_;
};

}  // namespace vethscope
