#include "tallies.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cstring>

#include "../../../bpf/tally_index.h"
#include "failure.h"
#include "merge_value.h"

namespace vethscope {

namespace {

/* The kernel rounds the value of each CPU up to 8 bytes. */
static_assert(sizeof(tallies) % 8 == 0);

bool is_same(const flow_key& key, const flow_key& other) {
  return std::memcmp(&key, &other, sizeof(flow_key)) == 0;
}

}  // namespace

Tallies::Tallies(std::shared_ptr<BpfObject> object)
    : object_(std::move(object)),
      maps_({object_->map_fd("tallies_a"), object_->map_fd("tallies_b")}),
      of_cpus_(static_cast<size_t>(libbpf_num_possible_cpus())),
      empty_(of_cpus_.size()) {
  clear(0);
  clear(1);
  live_ = 1;
  swap();
}

size_t Tallies::swap() {
  uint32_t zero = 0;
  size_t next = 1 - live_;
  int error = bpf_map_update_elem(object_->map_fd("live_tallies"), &zero, &maps_[next], BPF_ANY);
  if (error != 0) throw Failure(-error, "bpf_map_update_elem").about("map live_tallies");
  live_ = next;
  return 1 - next;
}

void Tallies::read(size_t half) {
  uint32_t zero = 0;
  int error = bpf_map_lookup_elem(maps_[half], &zero, of_cpus_.data());
  if (error != 0) throw Failure(-error, "bpf_map_lookup_elem").about("a map of tallies");
}

/** Empty but for the number of their half. */
void Tallies::clear(size_t half) {
  uint32_t zero = 0;
  for (tallies& of_cpu : empty_) of_cpu.half = static_cast<uint32_t>(half);
  int error = bpf_map_update_elem(maps_[half], &zero, empty_.data(), BPF_ANY);
  if (error != 0) throw Failure(-error, "bpf_map_update_elem").about("a map of tallies");
}

/** Finds those in use; false where there is none. */
bool Tallies::gather() {
  bool any = false;
  for (size_t place = 0; place < TALLIES; ++place) {
    taken_[place].clear();
    for (tallies& of_cpu : of_cpus_) {
      if (of_cpu.tallies[place].taken != 0) taken_[place].push_back(&of_cpu.tallies[place]);
    }
    any = any || !taken_[place].empty();
  }
  return any;
}

/** Adds what tallies have of the record's flow, as far as its slots reach. */
void Tallies::add_to(flow_record& record) {
  for (tally*& of_flow : taken_[tally_index(&record.key)]) {
    if (of_flow && is_same(of_flow->key, record.key) && merge_value(record.value, of_flow->value))
      of_flow = nullptr;
  }
}

/** A record for each flow that has none yet, or has no room in it. */
void Tallies::add_left(std::vector<uint8_t>& records) {
  for (std::vector<tally*>& taken : taken_) {
    for (tally*& left : taken) {
      if (!left) continue;
      flow_record record = {left->key, 0, left->value};
      left = nullptr;
      add_to(record);
      auto* bytes = reinterpret_cast<const uint8_t*>(&record);
      records.insert(records.end(), bytes, bytes + sizeof(record));
    }
  }
}

void Tallies::take(size_t retired, std::vector<uint8_t>& records, size_t offset) {
  read(retired);
  if (!gather()) return;
  /* Whatever fails after this, nothing is counted twice. */
  clear(retired);
  auto* record = reinterpret_cast<flow_record*>(records.data() + offset);
  for (size_t left = (records.size() - offset) / sizeof(flow_record); left > 0; --left, ++record) {
    add_to(*record);
  }
  add_left(records);
}

}  // namespace vethscope
