#include "merge_values.h"

#include <algorithm>

namespace vethscope {

namespace {

constexpr __u64 kRootCgroup = 1;

/** The slot of this point, or a free one for it; there is one, as the values fit. */
point_slot& slot_for(flow_value& merged, __u16 point) {
  return *std::find_if(merged.slots, merged.slots + POINT_SLOTS - 1,
                       [point](const point_slot& slot) { return slot.point == point || slot.point == 0; });
}

void merge_slot(flow_value& merged, const point_slot& slot) {
  point_slot& same = slot_for(merged, slot.point);
  if (same.point == 0) {
    same = slot;
    return;
  }
  same.flags = static_cast<__u16>(same.flags | slot.flags);
  same.packets += slot.packets;
  same.bytes += slot.bytes;
  same.first = std::min(same.first, slot.first);
  same.last = std::max(same.last, slot.last);
}

/** When a side of the conversation sent last; 0 for never. */
__u32 last_of(const flow_value& value, bool from_high) {
  __u32 last = 0;
  for (const point_slot& slot : value.slots) {
    if (slot.point != 0 && (slot.point & POINT_FROM_HIGH) == (from_high ? POINT_FROM_HIGH : 0))
      last = std::max(last, slot.last);
  }
  return last;
}

/** As note_cgroup() of bpf/socket.h. */
void merge_cgroup(side_facts& merged, __u64 cgroup_id) {
  if (merged.cgroup_id <= kRootCgroup)
    merged.cgroup_id = std::max(merged.cgroup_id, cgroup_id);
  else if (cgroup_id > kRootCgroup && cgroup_id != merged.cgroup_id)
    merged.other_cgroup_id = cgroup_id;
}

/** As the kernel does with one value: any socket replaces one in the root cgroup, and the latest word counts.
 */
void merge_facts(side_facts& merged, const side_facts& facts, bool is_latest) {
  merge_cgroup(merged, facts.cgroup_id);
  merge_cgroup(merged, facts.other_cgroup_id);
  merged.retransmits = std::max(merged.retransmits, facts.retransmits);
  merged.seen_retransmits += facts.seen_retransmits;
  merged.out_of_order += facts.out_of_order;
  merged.zero_windows += facts.zero_windows;
  merged.syns = static_cast<__u16>(merged.syns + facts.syns);
  if (is_latest) merged.dscp = facts.dscp;
  if (facts.srtt_us != 0 && (is_latest || merged.srtt_us == 0)) merged.srtt_us = facts.srtt_us;
  if (facts.tunnel != 0 && (is_latest || merged.tunnel == 0)) {
    merged.tunnel = facts.tunnel;
    merged.outer_port = facts.outer_port;
  }
}

/** In the order of their last packet, so that the latest word comes last. */
void merge_side(flow_value& merged, const flow_value* values, size_t cpus, bool from_high) {
  __u32 latest = 0;
  for (size_t cpu = 0; cpu < cpus; ++cpu) {
    __u32 last = last_of(values[cpu], from_high);
    side_facts& side = from_high ? merged.high : merged.low;
    merge_facts(side, from_high ? values[cpu].high : values[cpu].low, last != 0 && last >= latest);
    latest = std::max(latest, last);
  }
}

void merge_syn(flow_value& merged, const flow_value& value) {
  if (value.syn_time == 0 || (merged.syn_time != 0 && merged.syn_time <= value.syn_time)) return;
  merged.syn_time = value.syn_time;
  merged.syn_point = value.syn_point;
}

/** The answer at the interface that saw the SYN first; a CPU that did not see the SYN kept its last. */
void merge_answer(flow_value& merged, const flow_value& value) {
  if (value.answer_time == 0) return;
  auto is_at_syn = [&](__u16 point) {
    return merged.syn_time != 0 && (point >> POINT_SHIFT) == (merged.syn_point >> POINT_SHIFT);
  };
  if (merged.answer_time != 0) {
    bool had = is_at_syn(merged.answer_point);
    bool has = is_at_syn(value.answer_point);
    if (had && !has) return;
    if (had && has && merged.answer_time <= value.answer_time) return;
    if (!had && !has && merged.answer_time >= value.answer_time) return;
  }
  merged.answer_time = value.answer_time;
  merged.answer_point = value.answer_point;
}

}  // namespace

bool fit_one_value(const flow_value* values, size_t count) {
  __u16 points[POINT_SLOTS];
  size_t known = 0;
  for (size_t i = 0; i < count; ++i) {
    for (const point_slot& slot : values[i].slots) {
      if (slot.point == 0 || std::find(points, points + known, slot.point) != points + known) continue;
      if (known == POINT_SLOTS) return false;
      points[known++] = slot.point;
    }
  }
  return true;
}

flow_value merge_values(const flow_value* values, size_t count) {
  flow_value merged = {};
  for (size_t i = 0; i < count; ++i) {
    merged.overflow_packets += values[i].overflow_packets;
    merged.overflow_bytes += values[i].overflow_bytes;
    merge_syn(merged, values[i]);
    for (const point_slot& slot : values[i].slots) {
      if (slot.point != 0) merge_slot(merged, slot);
    }
  }
  /* Where the SYN was is known by now. */
  for (size_t i = 0; i < count; ++i) merge_answer(merged, values[i]);
  merge_side(merged, values, count, false);
  merge_side(merged, values, count, true);
  return merged;
}

}  // namespace vethscope
