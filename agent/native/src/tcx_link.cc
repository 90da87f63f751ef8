#include "tcx_link.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "failure.h"

namespace vethscope {

namespace {

/* Newer than the headers of Debian 12: include/uapi/linux/bpf.h of Linux 6.6. */
constexpr uint32_t kAttachTcxIngress = 46;
constexpr uint32_t kAttachTcxEgress = 47;
constexpr uint32_t kBefore = 1 << 3; /* BPF_F_BEFORE; relative to nothing is the head */

struct tcx_link_create {
  uint32_t program_fd;
  uint32_t ifindex;
  uint32_t attach_type;
  uint32_t flags;
  uint32_t relative_fd;
  uint32_t padding;
  uint64_t expected_revision;
};
static_assert(sizeof(tcx_link_create) == 32);

const char* attach_hint(int error) {
  switch (error) {
    case ENODEV:
      return "The interface is gone; list the links again";
    case EINVAL:
      return "TCX needs Linux 6.6 or newer; attach by clsact instead";
    case EPERM:
      return "Attaching needs CAP_NET_ADMIN and CAP_BPF (or root)";
    case ERANGE:
      return "The interface has as many TCX programs as it can take; detach one (bpftool net)";
    default:
      return "";
  }
}

Descriptor create_link(int program_fd, uint32_t ifindex, Direction direction) {
  tcx_link_create request = {};
  request.program_fd = static_cast<uint32_t>(program_fd);
  request.ifindex = ifindex;
  request.attach_type = direction == Direction::ingress ? kAttachTcxIngress : kAttachTcxEgress;
  request.flags = kBefore;
  long fd = syscall(SYS_bpf, BPF_LINK_CREATE, &request, sizeof(request));
  if (fd < 0) throw Failure(errno, "bpf_link_create", attach_hint(errno));
  return Descriptor(static_cast<int>(fd));
}

bpf_link_info info_of(int link_fd) {
  bpf_link_info info = {};
  uint32_t length = sizeof(info);
  int error = bpf_obj_get_info_by_fd(link_fd, &info, &length);
  if (error != 0) throw Failure(-error, "bpf_obj_get_info_by_fd");
  return info;
}

}  // namespace

TcxLink::TcxLink(int program_fd, uint32_t ifindex, Direction direction)
    : link_(create_link(program_fd, ifindex, direction)), id_(info_of(link_.get()).id) {}

bool TcxLink::has_device() const {
  /* struct tcx of the union begins with the ifindex as xdp's does; Debian 12's header has not got it yet. */
  return link_.get() >= 0 && info_of(link_.get()).xdp.ifindex != 0;
}

}  // namespace vethscope
