#include "drops.h"

#include <bpf/bpf.h>

#include <cerrno>
#include <set>
#include <utility>

#include "conntrack_record.h"
#include "failure.h"

namespace vethscope {

namespace {

static_assert(sizeof(dropped_connection) == sizeof(ConntrackRecord));
static_assert(offsetof(dropped_connection, family) == offsetof(ConntrackRecord, family));
static_assert(offsetof(dropped_connection, protocol) == offsetof(ConntrackRecord, protocol));
static_assert(offsetof(dropped_connection, icmp_type) == offsetof(ConntrackRecord, icmp_type));
static_assert(offsetof(dropped_connection, original) == offsetof(ConntrackRecord, original));
static_assert(offsetof(dropped_connection, reply) == offsetof(ConntrackRecord, reply));
static_assert(sizeof(tracked_tuple) == sizeof(ConntrackTuple));
static_assert(DROPPED_CONNECTION == static_cast<int>(ConntrackKind::created));

constexpr const char* kProgram = "drop";
constexpr const char* kSharedMaps[] = {".data.control", "events", "filter_addresses"};
/* Beyond those that attachments get. */
constexpr uint32_t kFirstIndex = 1 << 16;

bpf_prog_info info_of(int program_fd) {
  bpf_prog_info info = {};
  uint32_t length = sizeof(info);
  int error = bpf_obj_get_info_by_fd(program_fd, &info, &length);
  if (error != 0) throw Failure(-error, "bpf_obj_get_info_by_fd");
  return info;
}

template <typename Value>
std::vector<Value> per_cpu(int map, const void* key) {
  std::vector<Value> values(static_cast<size_t>(libbpf_num_possible_cpus()));
  int error = bpf_map_lookup_elem(map, key, values.data());
  if (error != 0) throw Failure(-error, "bpf_map_lookup_elem").about("a map of dropped packets");
  return values;
}

}  // namespace

Drops::Drops(const std::string& object_path, const BpfObject& collector) : next_index_(kFirstIndex) {
  try {
    load(object_path, collector);
  } catch (const Failure& failure) {
    refusal_ = failure.message();
    object_.reset();
  }
}

void Drops::load(const std::string& object_path, const BpfObject& collector) {
  object_ =
      std::make_unique<BpfObject>(read_object_file(object_path), object_path, [&](const BpfObject& object) {
        for (const char* name : kSharedMaps) {
          int error = bpf_map__reuse_fd(object.map(name), collector.map_fd(name));
          if (error != 0) throw Failure(-error, "bpf_map__reuse_fd").about(std::string("map ") + name);
        }
      });
  int fd = bpf_raw_tracepoint_open(nullptr, object_->program_fd(kProgram));
  if (fd < 0) throw Failure(-fd, "bpf_raw_tracepoint_open").about("tracepoint kfree_skb");
  attachment_.reset(fd);
}

std::vector<uint32_t> Drops::watch(const std::vector<std::pair<uint32_t, uint32_t>>& wanted) {
  std::vector<uint32_t> indices;
  if (!object_) return indices;
  int map = object_->map_fd("drop_namespaces");
  std::set<uint32_t> kept;
  for (auto [inode, flow_index] : wanted) {
    uint32_t index = index_of(inode, flow_index);
    kept.insert(inode);
    indices.push_back(index);
    auto known = watched_.find(inode);
    if (known != watched_.end() && known->second == index) continue;
    int error = bpf_map_update_elem(map, &inode, &index, BPF_ANY);
    if (error != 0) throw Failure(-error, "bpf_map_update_elem").about("map drop_namespaces");
    watched_[inode] = index;
  }
  for (auto entry = watched_.begin(); entry != watched_.end();) {
    if (kept.count(entry->first) != 0) {
      ++entry;
      continue;
    }
    int error = bpf_map_delete_elem(map, &entry->first);
    if (error != 0) throw Failure(-error, "bpf_map_delete_elem").about("map drop_namespaces");
    entry = watched_.erase(entry);
  }
  return indices;
}

/** An inode that was left may come again as another namespace, so its index does not. */
uint32_t Drops::index_of(uint32_t inode, uint32_t flow_index) {
  if (flow_index != 0) return flow_index;
  auto known = watched_.find(inode);
  return known != watched_.end() ? known->second : next_index_++;
}

std::vector<std::pair<drop_key, drop_total>> Drops::totals() const {
  std::vector<std::pair<drop_key, drop_total>> found;
  int map = object_->map_fd("drop_totals");
  drop_key key = {};
  const drop_key* before = nullptr;
  while (bpf_map_get_next_key(map, before, &key) == 0) {
    drop_total sum = {};
    for (const drop_total& cpu : per_cpu<drop_total>(map, &key)) {
      sum.packets += cpu.packets;
      sum.bytes += cpu.bytes;
    }
    found.emplace_back(key, sum);
    before = &key;
  }
  return found;
}

drop_state Drops::losses() const {
  uint32_t zero = 0;
  drop_state sum = {};
  for (const drop_state& cpu : per_cpu<drop_state>(object_->map_fd("drop_states"), &zero)) {
    sum.filtered += cpu.filtered;
    sum.unclaimed += cpu.unclaimed;
    sum.map_full += cpu.map_full;
    sum.events_lost += cpu.events_lost;
    sum.suppressed += cpu.suppressed;
  }
  return sum;
}

ProgramStatistics Drops::statistics() const { return object_ ? object_->statistics() : ProgramStatistics{}; }

Napi::Object Drops::counters(Napi::Env env) const {
  auto number = [env](uint64_t value) { return Napi::Number::New(env, static_cast<double>(value)); };
  Napi::Array array = Napi::Array::New(env);
  drop_state lost = {};
  uint64_t skipped = 0;
  if (object_) {
    for (const auto& [key, total] : totals()) {
      Napi::Object object = Napi::Object::New(env);
      object.Set("netns", number(key.netns));
      object.Set("ifindex", number(key.ifindex));
      object.Set("reason", number(key.reason));
      object.Set("packets", number(total.packets));
      object.Set("bytes", number(total.bytes));
      array.Set(array.Length(), object);
    }
    lost = losses();
    skipped = info_of(object_->program_fd(kProgram)).recursion_misses;
  }
  Napi::Object counters = Napi::Object::New(env);
  counters.Set("totals", array);
  counters.Set("filtered", number(lost.filtered));
  counters.Set("unclaimed", number(lost.unclaimed));
  counters.Set("mapFull", number(lost.map_full));
  counters.Set("eventsLost", number(lost.events_lost));
  counters.Set("suppressed", number(lost.suppressed));
  counters.Set("skipped", number(skipped));
  return counters;
}

std::string drops_path(const std::string& collector_path) {
  size_t slash = collector_path.rfind('/');
  return (slash == std::string::npos ? "" : collector_path.substr(0, slash + 1)) + "drops.bpf.o";
}

}  // namespace vethscope
