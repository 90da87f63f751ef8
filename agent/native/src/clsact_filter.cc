#include "clsact_filter.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <unordered_set>

#include "failure.h"
#include "lease.h"

namespace vethscope {

namespace {

/* Runs before filters whose priority the kernel chose (49152 and below), and is nobody's usual one. */
constexpr uint16_t kPriority = 157;
constexpr uint32_t kFirstHandle = 0x76657468;
/* Agents that observe the same interface at the same time. */
constexpr uint32_t kHandles = 64;
constexpr const char* kName = "vethscope";

bool has_our_marks(const BpfFilter& filter) {
  return filter.priority == kPriority && filter.name == kName && filter.handle >= kFirstHandle &&
         filter.handle - kFirstHandle < kHandles;
}

/** Adds the qdisc where there is none; one of another tool is used as it is. */
void require_qdisc(NetlinkSocket& socket, FilterPlace place) {
  if (ingress_qdisc(socket, place.ifindex).empty()) {
    try {
      add_clsact(socket, place.ifindex);
    } catch (const Failure& failure) {
      /* Somebody else was faster. */
      if (failure.error() != EEXIST) throw;
    }
  }
  /* An ingress qdisc would take a filter for egress too, and run it at ingress. */
  if (place.direction == Direction::egress && ingress_qdisc(socket, place.ifindex) != "clsact") {
    throw Failure(EBUSY, "netlink RTM_NEWTFILTER",
                  "The interface has an ingress qdisc of another tool, which has no egress side and is not "
                  "replaced (tc qdisc show)");
  }
}

/** The filter that has this one's place and still holds the same program. */
bool is_present(NetlinkSocket& socket, FilterPlace place, const BpfFilter& filter) {
  std::vector<BpfFilter> filters = list_bpf_filters(socket, place, filter.priority);
  return std::any_of(filters.begin(), filters.end(), [&](const BpfFilter& other) {
    return other.handle == filter.handle && other.program_id == filter.program_id;
  });
}

/** Read again right before: whoever took the place meanwhile keeps it. */
void delete_if_same(NetlinkSocket& socket, FilterPlace place, const BpfFilter& filter) {
  if (!is_present(socket, place, filter)) return;
  try {
    delete_bpf_filter(socket, place, filter);
  } catch (const Failure&) {
    /* Gone with its interface or qdisc between the two calls. */
    if (is_present(socket, place, filter)) throw;
  }
}

/** Filters of agents that were killed: nobody else takes them off. */
void delete_stale(NetlinkSocket& socket, FilterPlace place) {
  for (const BpfFilter& filter : list_bpf_filters(socket, place, kPriority)) {
    if (has_our_marks(filter) && owner_is_gone(filter.program_id)) delete_if_same(socket, place, filter);
  }
}

const char* attach_hint(int error) {
  switch (error) {
    case ENODEV:
      return "The interface is gone; list the links again";
    case ENOENT:
      return "The kernel has no clsact qdisc or BPF classifier (CONFIG_NET_SCH_INGRESS, CONFIG_NET_CLS_BPF)";
    case EPERM:
      return "Attaching needs CAP_NET_ADMIN and CAP_BPF (or root)";
    case EEXIST:
      return "As many agents observe this interface as there are handles for";
    default:
      return "tc filter show dev INTERFACE ingress (egress) lists what is there";
  }
}

/** The filters of this process that are attached, from all threads. */
struct Attached {
  /** Held while one is added or taken off: at exit() another thread may be at its own. */
  std::mutex mutex;
  std::unordered_set<ClsactFilter*> filters;
  bool ended = false;
};

/** Never destroyed: exit() uses it late. */
Attached& attached() {
  static Attached* all = new Attached();
  return *all;
}

}  // namespace

ClsactFilter::ClsactFilter(std::shared_ptr<NetlinkSocket> socket, int program_fd, uint32_t program_id,
                           FilterPlace place)
    : socket_(std::move(socket)), place_(place), filter_{kPriority, kFirstHandle, kName, program_id} {
  std::lock_guard<std::mutex> lock(attached().mutex);
  /* Nobody would take it off any more. */
  if (attached().ended) throw Failure(ECANCELED, "attach", "The process ends");
  try {
    require_qdisc(*socket_, place_);
    delete_stale(*socket_, place_);
    static const int registered = std::atexit(detach_all);
    if (registered != 0) throw Failure(ENOMEM, "atexit");
    add(program_fd);
    attached().filters.insert(this);
  } catch (const Failure& failure) {
    throw Failure(failure.error(), failure.what(),
                  failure.hint().empty() ? attach_hint(failure.error()) : failure.hint());
  }
}

/** Under the first handle that is free. */
void ClsactFilter::add(int program_fd) {
  for (uint32_t tried = 1;; ++tried, ++filter_.handle) {
    try {
      add_bpf_filter(*socket_, place_, filter_, program_fd);
      return;
    } catch (const Failure& failure) {
      if (failure.error() != EEXIST || tried == kHandles) throw;
    }
  }
}

ClsactFilter::~ClsactFilter() {
  std::lock_guard<std::mutex> lock(attached().mutex);
  attached().filters.erase(this);
}

void ClsactFilter::detach() {
  std::lock_guard<std::mutex> lock(attached().mutex);
  take_off();
}

void ClsactFilter::take_off() {
  attached().filters.erase(this);
  if (!socket_) return;
  auto socket = std::move(socket_);
  delete_if_same(*socket, place_, filter_);
}

void ClsactFilter::detach_all() {
  std::lock_guard<std::mutex> lock(attached().mutex);
  attached().ended = true;
  while (!attached().filters.empty()) {
    try {
      (*attached().filters.begin())->take_off();
    } catch (const Failure& failure) {
      std::fprintf(stderr, "vethscope: a filter stays until the next agent comes: %s: %s\n", failure.what(),
                   strerror(failure.error()));
    }
  }
}

}  // namespace vethscope
