#pragma once

#include <bpf/libbpf.h>

#include <memory>
#include <thread>

#include "bpf_object.h"
#include "descriptor.h"
#include "stop_signal.h"

namespace vethscope {

/**
 * The process's sign of life in the object's `lease` map (bpf/lease.h), renewed on a thread of its own: a
 * drain may come less often. Of a process that is killed, the owner map goes at once and the lease within 30
 * s.
 */
class Lease {
 public:
  /** Throws Failure. */
  explicit Lease(std::shared_ptr<BpfObject> object);
  ~Lease();
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

 private:
  void renew() const;
  void keep_renewing() const;

  std::shared_ptr<BpfObject> object_;
  Descriptor owner_;
  uint32_t owner_id_;
  StopSignal stop_;
  std::thread thread_;
};

/**
 * Whether the process that owns a program's lease is gone: its owner map is. False where that cannot be told
 * (no lease, or no right to ask): such a program is not ours to remove.
 */
bool owner_is_gone(uint32_t program_id);

}  // namespace vethscope
