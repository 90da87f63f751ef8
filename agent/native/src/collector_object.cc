#include "collector_object.h"

#include <bpf/libbpf.h>

#include <cerrno>

#include "failure.h"
#include "flow_capacity.h"
#include "flow_layout.h"
#include "probe.h"

namespace vethscope {

namespace {

constexpr const char* kSharedMaps[] = {
    ".data.control",    "flows_a", "flows_b",        "tallies_a",      "tallies_b", "live_tallies",
    "points",           "budgets", "far_interfaces", "fragments",      "tunnels",   "streams",
    "filter_addresses", "events",  "event_buffers",  "scratch_memory", "lease"};

/** The one constant that a section holds. */
void set_constant(const BpfObject& object, const char* section, uint32_t value) {
  size_t size = 0;
  bpf_map* constants = object.map(section);
  const void* before = bpf_map__initial_value(constants, &size);
  if (!before || size != sizeof(value)) throw Failure(EINVAL, "bpf_map__initial_value").about(section);
  bpf_map__set_initial_value(constants, &value, sizeof(value));
}

void require(int error, const char* call, const char* map) {
  if (error != 0) throw Failure(-error, call).about(std::string("map ") + map);
}

void shape_maps(const BpfObject& object, const CollectorOptions& options) {
  uint32_t capacity = capacity_of(options);
  for (const char* half : {"flows_a", "flows_b"}) {
    require(bpf_map__set_max_entries(object.map(half), capacity), "bpf_map__set_max_entries", half);
  }
  require(bpf_map__set_max_entries(object.map("events"), options.ring_bytes), "bpf_map__set_max_entries",
          "events");
  require(bpf_map__set_max_entries(object.map("event_buffers"),
                                   static_cast<uint32_t>(libbpf_num_possible_cpus())),
          "bpf_map__set_max_entries", "event_buffers");
}

void share_maps(const BpfObject& object, const BpfObject& first) {
  for (const char* name : kSharedMaps) {
    require(bpf_map__reuse_fd(object.map(name), first.map_fd(name)), "bpf_map__reuse_fd", name);
  }
}

void prepare(const BpfObject& object, const CollectorOptions& options, uint32_t netns_index) {
  shape_maps(object, options);
  set_constant(object, ".rodata.netns", netns_index);
  set_constant(object, ".rodata.lease", options.attach == AttachWay::clsact ? 1 : 0);
}

}  // namespace

CollectorOptions choose_by_kernel(CollectorOptions options) {
  if (options.attach == AttachWay::automatic) {
    /* The kernel stays the same while the process runs. */
    static const bool has_tcx = probe_tcx().available;
    options.attach = has_tcx ? AttachWay::tcx : AttachWay::clsact;
  }
  return options;
}

uint32_t capacity_of(const CollectorOptions& options) {
  if (options.map_bytes == 0) return options.max_flows;
  uint32_t cpus = static_cast<uint32_t>(libbpf_num_possible_cpus());
  return flow_map_entries({sizeof(flow_key), sizeof(flow_entry), cpus}, options.map_bytes);
}

const char* program_name(Direction direction) {
  return direction == Direction::egress ? "egress" : "ingress";
}

std::shared_ptr<BpfObject> load_collector(const std::vector<char>& image, const CollectorOptions& options,
                                          uint32_t netns_index, const BpfObject* first) {
  return std::make_shared<BpfObject>(image, options.object_path, [&](BpfObject& object) {
    prepare(object, options, netns_index);
    if (first) share_maps(object, *first);
  });
}

}  // namespace vethscope
