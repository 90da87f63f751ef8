#pragma once

#include <napi.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bpf_object.h"
#include "descriptor.h"
#include "flow_layout.h"

#include "../../../bpf/drops.h"

namespace vethscope {

/** The packets that the kernel drops in watched namespaces, by a program of its own (bpf/drops.bpf.c). */
class Drops {
 public:
  /**
   * Loads and attaches. Does not throw where the kernel refuses: the collector goes on without.
   * @param collector whose ring and settings the program uses
   */
  Drops(const std::string& object_path, const BpfObject& collector);

  /** Why dropped packets are not told, in words; empty where they are. */
  const std::string& refusal() const { return refusal_; }
  /**
   * Counts in these namespaces and no others. @param wanted inode and the index that flow keys have for it, 0
   * for none @return the index of each in drop events and totals, given to no other namespace
   */
  std::vector<uint32_t> watch(const std::vector<std::pair<uint32_t, uint32_t>>& wanted);
  /** Of its program, which runs for every buffer that the kernel frees as dropped; zeros where there is none.
   */
  ProgramStatistics statistics() const;
  /** As JavaScript has it (index.d.ts DropCounters). */
  Napi::Object counters(Napi::Env env) const;

 private:
  void load(const std::string& object_path, const BpfObject& collector);
  uint32_t index_of(uint32_t inode, uint32_t flow_index);
  std::vector<std::pair<drop_key, drop_total>> totals() const;
  drop_state losses() const;

  std::unique_ptr<BpfObject> object_;
  Descriptor attachment_;
  std::string refusal_;
  std::map<uint32_t, uint32_t> watched_; /* inode, index */
  uint32_t next_index_;
};

/** The file of its object, which lies beside the collector's. */
std::string drops_path(const std::string& collector_path);

}  // namespace vethscope
