#include "collector_object.h"

#include <bpf/bpf.h>

#include <cerrno>

#include "descriptor.h"
#include "failure.h"
#include "flow_capacity.h"
#include "flow_layout.h"
#include "probe.h"

namespace vethscope {

namespace {

constexpr const char* kSharedMaps[] = {
    ".data.control",    "flows",          "flows_a",       "flows_b",        "points",
    "budgets",          "far_interfaces", "fragments",     "tunnels",        "streams",
    "filter_addresses", "events",         "event_buffers", "scratch_memory", "lease"};

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

void shape_half(bpf_map* half, const char* name, const CollectorOptions& options, uint32_t capacity) {
  require(bpf_map__set_max_entries(half, capacity), "bpf_map__set_max_entries", name);
  if (options.counters == Counters::per_cpu) {
    require(bpf_map__set_type(half, BPF_MAP_TYPE_PERCPU_HASH), "bpf_map__set_type", name);
  }
  if (options.preallocate) {
    uint32_t flags = bpf_map__map_flags(half) & ~static_cast<uint32_t>(BPF_F_NO_PREALLOC);
    require(bpf_map__set_map_flags(half, flags), "bpf_map__set_map_flags", name);
  }
}

void shape_maps(const BpfObject& object, const CollectorOptions& options) {
  uint32_t capacity = capacity_of(options);
  for (const char* half : {"flows_a", "flows_b"}) shape_half(object.map(half), half, options, capacity);
  require(bpf_map__set_max_entries(object.map("events"), options.ring_bytes), "bpf_map__set_max_entries",
          "events");
  require(bpf_map__set_max_entries(object.map("event_buffers"),
                                   static_cast<uint32_t>(libbpf_num_possible_cpus())),
          "bpf_map__set_max_entries", "event_buffers");
}

/**
 * Gives the array of halves a template like them: the kernel compares type and flags, before 5.10 the size
 * too. libbpf's own template cannot be changed (its setters crash on it). The descriptor is needed until the
 * load.
 */
Descriptor set_template(const BpfObject& object) {
  bpf_map* half = object.map("flows_a");
  bpf_map_create_opts options = {};
  options.sz = sizeof(options);
  options.map_flags = bpf_map__map_flags(half);
  int fd = bpf_map_create(bpf_map__type(half), "flow_template", bpf_map__key_size(half),
                          bpf_map__value_size(half), bpf_map__max_entries(half), &options);
  if (fd < 0) throw Failure(-fd, "bpf_map_create").about("the template of map flows");
  Descriptor made(fd);
  require(bpf_map__set_inner_map_fd(object.map("flows"), fd), "bpf_map__set_inner_map_fd", "flows");
  return made;
}

/** The pair that counts the other way is not loaded: kernels without atomic operations refuse it. */
void choose_programs(const BpfObject& object, const CollectorOptions& options) {
  CollectorOptions other = options;
  other.counters = options.counters == Counters::shared ? Counters::per_cpu : Counters::shared;
  object.leave_out(program_name(other, Direction::ingress));
  object.leave_out(program_name(other, Direction::egress));
}

void share_maps(const BpfObject& object, const BpfObject& first) {
  for (const char* name : kSharedMaps) {
    require(bpf_map__reuse_fd(object.map(name), first.map_fd(name)), "bpf_map__reuse_fd", name);
  }
}

void prepare(const BpfObject& object, const CollectorOptions& options, uint32_t netns_index) {
  choose_programs(object, options);
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
  if (options.counters == Counters::automatic) {
    static const bool has_atomics = probe_atomics().available;
    options.counters = has_atomics ? Counters::shared : Counters::per_cpu;
  }
  return options;
}

size_t cpus_of(const CollectorOptions& options) {
  return options.counters == Counters::per_cpu ? static_cast<size_t>(libbpf_num_possible_cpus()) : 1;
}

uint32_t capacity_of(const CollectorOptions& options) {
  if (options.map_bytes == 0) return options.max_flows;
  uint32_t cpus = options.counters == Counters::per_cpu ? static_cast<uint32_t>(cpus_of(options)) : 0;
  return flow_map_entries({sizeof(flow_key), sizeof(flow_value), cpus}, options.map_bytes);
}

const char* program_name(const CollectorOptions& options, Direction direction) {
  if (options.counters == Counters::per_cpu)
    return direction == Direction::egress ? "egress_percpu" : "ingress_percpu";
  return direction == Direction::egress ? "egress" : "ingress";
}

std::shared_ptr<BpfObject> load_collector(const std::vector<char>& image, const CollectorOptions& options,
                                          uint32_t netns_index, const BpfObject* first) {
  Descriptor map_template;
  return std::make_shared<BpfObject>(image, options.object_path, [&](BpfObject& object) {
    prepare(object, options, netns_index);
    if (first) {
      share_maps(object, *first);
    } else {
      map_template = set_template(object);
    }
  });
}

}  // namespace vethscope
