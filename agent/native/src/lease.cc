#include "lease.h"

#include <bpf/bpf.h>
#include <poll.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <optional>
#include <vector>

#include <linux/types.h>

#include "../../../bpf/lease.h"
#include "failure.h"

namespace vethscope {

namespace {

constexpr uint64_t kLeaseNanoseconds = 30ull * 1000000000;
constexpr int kRenewMilliseconds = 5000;
constexpr const char* kLeaseMap = "lease";
constexpr const char* kOwnerMap = "vethscope_owner";

uint64_t monotonic() {
  timespec time = {};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1000000000 + static_cast<uint64_t>(time.tv_nsec);
}

/** Nobody but this process refers to it, and nobody writes to it. */
Descriptor make_owner_map() {
  int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, kOwnerMap, sizeof(uint32_t), sizeof(uint32_t), 1, nullptr);
  if (fd < 0) throw Failure(-fd, "bpf_map_create").about(std::string("map ") + kOwnerMap);
  return Descriptor(fd);
}

bpf_map_info map_info(int fd) {
  bpf_map_info info = {};
  uint32_t length = sizeof(info);
  int error = bpf_obj_get_info_by_fd(fd, &info, &length);
  if (error != 0) throw Failure(-error, "bpf_obj_get_info_by_fd").about("a map");
  return info;
}

/** The lease of a program that has one. */
std::optional<lease> lease_of(uint32_t program_id) {
  int program = bpf_prog_get_fd_by_id(program_id);
  if (program < 0) return std::nullopt;
  Descriptor program_fd(program);
  std::vector<uint32_t> maps(64);
  bpf_prog_info info = {};
  uint32_t length = sizeof(info);
  info.nr_map_ids = static_cast<uint32_t>(maps.size());
  info.map_ids = reinterpret_cast<uintptr_t>(maps.data());
  if (bpf_obj_get_info_by_fd(program, &info, &length) != 0) return std::nullopt;
  maps.resize(std::min<size_t>(maps.size(), info.nr_map_ids));
  for (uint32_t id : maps) {
    int fd = bpf_map_get_fd_by_id(id);
    if (fd < 0) continue;
    Descriptor map(fd);
    bpf_map_info found = map_info(fd);
    if (std::strcmp(found.name, kLeaseMap) != 0 || found.value_size != sizeof(lease)) continue;
    lease value = {};
    uint32_t zero = 0;
    if (bpf_map_lookup_elem(fd, &zero, &value) == 0) return value;
  }
  return std::nullopt;
}

}  // namespace

Lease::Lease(std::shared_ptr<BpfObject> object)
    : object_(std::move(object)), owner_(make_owner_map()), owner_id_(map_info(owner_.get()).id) {
  renew();
  thread_ = std::thread([this] { keep_renewing(); });
}

Lease::~Lease() {
  stop_.raise();
  thread_.join();
}

void Lease::renew() const {
  lease value = {};
  value.alive_until = monotonic() + kLeaseNanoseconds;
  value.owner = owner_id_;
  uint32_t zero = 0;
  int error = bpf_map_update_elem(object_->map_fd(kLeaseMap), &zero, &value, BPF_ANY);
  if (error != 0) throw Failure(-error, "bpf_map_update_elem").about(std::string("map ") + kLeaseMap);
}

void Lease::keep_renewing() const {
  pollfd stop = {stop_.fd(), POLLIN, 0};
  for (;;) {
    int ready = poll(&stop, 1, kRenewMilliseconds);
    if (ready > 0) return;
    if (ready < 0 && errno != EINTR) {
      perror("vethscope: the lease of the filters is not renewed any more: poll");
      return;
    }
    try {
      renew();
    } catch (const Failure& failure) {
      std::fprintf(stderr, "vethscope: the lease of the filters was not renewed: %s: %s\n", failure.what(),
                   strerror(failure.error()));
    }
  }
}

bool owner_is_gone(uint32_t program_id) {
  std::optional<lease> found = lease_of(program_id);
  if (!found || found->owner == 0) return false;
  int fd = bpf_map_get_fd_by_id(found->owner);
  if (fd == -ENOENT) return true;
  if (fd < 0) return false;
  Descriptor map(fd);
  /* The id is another map's by now: ids are given round after two thousand million. */
  return std::strcmp(map_info(fd).name, kOwnerMap) != 0;
}

}  // namespace vethscope
