#include "probe.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <thread>

#include "descriptor.h"
#include "failure.h"
#include "traffic_control.h"

namespace vethscope {

namespace {

constexpr const char* kBtfPath = "/sys/kernel/btf/vmlinux";
constexpr uint32_t kAttachTcxIngress = 46;
constexpr uint32_t kLoopback = 1; /* its ifindex in a new namespace */

/* uapi/linux/filter.h and bpf.h have the codes but not the constructors. */
constexpr bpf_insn move_immediate(uint8_t target, int32_t value) {
  return {BPF_ALU64 | BPF_MOV | BPF_K, target, 0, 0, value};
}
constexpr bpf_insn call_helper(int32_t helper) { return {BPF_JMP | BPF_CALL, 0, 0, 0, helper}; }
constexpr bpf_insn exit_program() { return {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}; }

std::string describe(const std::string& call, int error) {
  const char* name = strerrorname_np(error);
  return call + ": " + (name ? name : std::to_string(error));
}

template <size_t Count>
Descriptor load(const std::array<bpf_insn, Count>& program, int& error) {
  int fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "vethscope_probe", "Dual BSD/GPL", program.data(), Count,
                         nullptr);
  error = fd < 0 ? -fd : 0;
  return Descriptor(fd < 0 ? -1 : fd);
}

template <size_t Count>
Feature try_program(const std::string& name, const std::array<bpf_insn, Count>& program) {
  int error = 0;
  Descriptor fd = load(program, error);
  return {name, error == 0, error == 0 ? "" : describe("bpf_prog_load", error)};
}

std::array<bpf_insn, 2> empty_program() { return {move_immediate(0, -1), exit_program()}; }

Feature probe_btf() {
  Descriptor file(open(kBtfPath, O_RDONLY | O_CLOEXEC));
  bool available = file.get() >= 0;
  return {"btf", available, available ? "" : describe(std::string("open ") + kBtfPath, errno)};
}

Feature probe_ring() {
  int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "vethscope_probe", 0, 0, 64 * 1024, nullptr);
  Descriptor map(fd < 0 ? -1 : fd);
  return {"ringbuf", fd >= 0, fd >= 0 ? "" : describe("bpf_map_create", -fd)};
}

Feature probe_helper(const std::string& name, int32_t helper) {
  return try_program(name,
                     std::array<bpf_insn, 3>{call_helper(helper), move_immediate(0, -1), exit_program()});
}

/** The qdisc and a filter, on the loopback interface of a namespace that goes with the thread that made it.
 */
Feature probe_clsact() {
  Feature feature = {"clsact", true, ""};
  std::thread thread([&] {
    try {
      if (unshare(CLONE_NEWNET) != 0) throw Failure(errno, "unshare");
      int error = 0;
      Descriptor program = load(empty_program(), error);
      if (error != 0) throw Failure(error, "bpf_prog_load");
      NetlinkSocket socket;
      add_clsact(socket, kLoopback);
      add_bpf_filter(socket, {kLoopback, Direction::egress}, {1, 1, "vethscope_probe", 0}, program.get());
    } catch (const Failure& failure) {
      feature = {"clsact", false, describe(failure.what(), failure.error())};
    }
  });
  thread.join();
  return feature;
}

/** A program at the kfree_skb tracepoint that reads its third argument, the reason; attached for a moment. */
Feature probe_drop_reasons() {
  const std::string name = "drop-reasons";
  int type = libbpf_find_vmlinux_btf_id("kfree_skb", BPF_TRACE_RAW_TP);
  if (type < 0) return {name, false, describe("libbpf_find_vmlinux_btf_id", -type)};
  const std::array<bpf_insn, 3> program = {{
      {BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_1, BPF_REG_1, 2 * sizeof(uint64_t), 0},
      move_immediate(0, 0),
      exit_program(),
  }};
  bpf_prog_load_opts options = {};
  options.sz = sizeof(options);
  options.expected_attach_type = BPF_TRACE_RAW_TP;
  options.attach_btf_id = static_cast<uint32_t>(type);
  int fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "vethscope_probe", "Dual BSD/GPL", program.data(),
                         program.size(), &options);
  if (fd < 0) return {name, false, describe("bpf_prog_load", -fd)};
  Descriptor loaded(fd);
  int link = bpf_raw_tracepoint_open(nullptr, fd);
  if (link < 0) return {name, false, describe("bpf_raw_tracepoint_open", -link)};
  Descriptor attached(link);
  return {name, true, ""};
}

/** Effective capabilities of this thread, from /proc: no libcap needed. */
uint64_t effective_capabilities() {
  std::ifstream status("/proc/thread-self/status");
  std::string word;
  while (status >> word) {
    if (word != "CapEff:") continue;
    status >> word;
    return std::stoull(word, nullptr, 16);
  }
  return 0;
}

Feature probe_capabilities() {
  struct Needed {
    int number;
    const char* name;
  };
  static constexpr std::array<Needed, 5> needed = {{{CAP_BPF, "CAP_BPF"},
                                                    {CAP_PERFMON, "CAP_PERFMON"},
                                                    {CAP_NET_ADMIN, "CAP_NET_ADMIN"},
                                                    {CAP_SYS_ADMIN, "CAP_SYS_ADMIN"},
                                                    {CAP_SYS_PTRACE, "CAP_SYS_PTRACE"}}};
  uint64_t effective = effective_capabilities();
  std::string missing;
  for (const Needed& capability : needed) {
    if (effective >> capability.number & 1) continue;
    missing += (missing.empty() ? "missing " : ", ") + std::string(capability.name);
  }
  return {"capabilities", missing.empty(), missing};
}

}  // namespace

/* A link to an interface that does not exist: a kernel with TCX looks for it, an older one knows no such
 * attach type. */
Feature probe_tcx() {
  int error = 0;
  Descriptor program = load(empty_program(), error);
  if (error != 0) return {"tcx", false, describe("bpf_prog_load", error)};
  struct {
    uint32_t program_fd;
    uint32_t ifindex;
    uint32_t attach_type;
    uint32_t flags;
    uint64_t rest[2];
  } request = {static_cast<uint32_t>(program.get()), INT32_MAX, kAttachTcxIngress, 0, {0, 0}};
  Descriptor link(static_cast<int>(syscall(SYS_bpf, BPF_LINK_CREATE, &request, sizeof(request))));
  error = link.get() < 0 ? errno : 0;
  bool available = error == ENODEV;
  return {"tcx", available, available ? "" : describe("bpf_link_create", error)};
}

std::vector<Feature> probe_features() {
  return {
      probe_btf(),
      try_program("sched-cls", empty_program()),
      probe_tcx(),
      probe_clsact(),
      probe_ring(),
      probe_helper("coarse-clock", BPF_FUNC_ktime_get_coarse_ns),
      probe_helper("cgroup-id", BPF_FUNC_skb_cgroup_id),
      probe_drop_reasons(),
      probe_capabilities(),
  };
}

}  // namespace vethscope
