#include "merge_value.h"

#include <algorithm>

namespace vethscope {

namespace {

constexpr __u64 kRootCgroup = 1;

/** The slot of this point, or a free one for it; the end where all are others'. */
point_slot* slot_for(flow_value& value, __u16 point) {
  return std::find_if(value.slots, value.slots + POINT_SLOTS,
                      [point](const point_slot& slot) { return slot.point == point || slot.point == 0; });
}

bool fits(const flow_value& merged, const flow_value& from) {
  auto is_new = [&](const point_slot& slot) {
    auto is_same = [&](const point_slot& other) { return other.point == slot.point; };
    return slot.point != 0 && std::none_of(merged.slots, merged.slots + POINT_SLOTS, is_same);
  };
  auto is_free = [](const point_slot& slot) { return slot.point == 0; };
  return std::count_if(from.slots, from.slots + POINT_SLOTS, is_new) <=
         std::count_if(merged.slots, merged.slots + POINT_SLOTS, is_free);
}

void merge_slot(flow_value& merged, const point_slot& slot) {
  point_slot& same = *slot_for(merged, slot.point);
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

/** As note_cookie() there. */
void merge_cookie(side_facts& merged, __u64 cookie) {
  if (cookie != 0 && (merged.cookie == 0 || merged.cgroup_id <= kRootCgroup)) merged.cookie = cookie;
}

/** Any socket replaces one in the root cgroup, and the latest word counts. */
void merge_facts(side_facts& merged, const side_facts& facts, bool is_latest) {
  merge_cookie(merged, facts.cookie);
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

void merge_syn(flow_value& merged, const flow_value& from) {
  if (from.syn_time == 0 || (merged.syn_time != 0 && merged.syn_time <= from.syn_time)) return;
  merged.syn_time = from.syn_time;
  merged.syn_point = from.syn_point;
}

/** The answer at the interface that saw the SYN first; a CPU that did not see the SYN kept its last. */
void merge_answer(flow_value& merged, const flow_value& from) {
  if (from.answer_time == 0) return;
  auto is_at_syn = [&](__u16 point) {
    return merged.syn_time != 0 && (point >> POINT_SHIFT) == (merged.syn_point >> POINT_SHIFT);
  };
  if (merged.answer_time != 0) {
    bool had = is_at_syn(merged.answer_point);
    bool has = is_at_syn(from.answer_point);
    if (had && !has) return;
    if (had && has && merged.answer_time <= from.answer_time) return;
    if (!had && !has && merged.answer_time >= from.answer_time) return;
  }
  merged.answer_time = from.answer_time;
  merged.answer_point = from.answer_point;
}

}  // namespace

bool merge_value(flow_value& merged, const flow_value& from) {
  if (!fits(merged, from)) return false;
  /* Before the slots are joined: which of the two sent last. */
  for (bool from_high : {false, true}) {
    __u32 last = last_of(from, from_high);
    bool is_latest = last != 0 && last >= last_of(merged, from_high);
    merge_facts(from_high ? merged.high : merged.low, from_high ? from.high : from.low, is_latest);
  }
  merge_syn(merged, from);
  /* Where the SYN was is known by now. */
  merge_answer(merged, from);
  merged.overflow_packets += from.overflow_packets;
  merged.overflow_bytes += from.overflow_bytes;
  for (const point_slot& slot : from.slots) {
    if (slot.point != 0) merge_slot(merged, slot);
  }
  return true;
}

}  // namespace vethscope
