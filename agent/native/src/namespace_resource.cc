#include <fcntl.h>
#include <linux/nsfs.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>

#include "failure.h"
#include "namespace_thread.h"
#include "network_namespace.h"

namespace vethscope {

namespace {

uint64_t inode_of(int fd) {
  struct stat status = {};
  if (fstat(fd, &status) != 0) throw Failure(errno, "fstat");
  return status.st_ino;
}

}  // namespace

NamespaceResource::NamespaceResource(std::shared_ptr<ResourceRegistry> registry, const std::string& path)
    : Resource(std::move(registry)), path_(path), fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  if (fd_.get() < 0) {
    Failure failure(errno, "open", "Check that the path exists and that this process may read it");
    throw failure.in_namespace(path);
  }
  int type = ioctl(fd_.get(), NS_GET_NSTYPE);
  if (type != CLONE_NEWNET) {
    Failure failure(
        type < 0 ? errno : EINVAL, "ioctl(NS_GET_NSTYPE)",
        "This is not a network namespace; give a file such as /proc/PID/ns/net or /run/netns/NAME");
    throw failure.in_namespace(path);
  }
  inode_ = inode_of(fd_.get());
}

NetlinkSocket& NamespaceResource::socket() {
  if (!socket_) run([this] { socket_ = std::make_unique<NetlinkSocket>(); });
  return *socket_;
}

void NamespaceResource::run(const std::function<void()>& work) const {
  run_in_namespace(fd_.get(), path_, work);
}

std::string NamespaceResource::interface_name(uint32_t ifindex) const {
  std::array<char, IF_NAMESIZE> name = {};
  run([&] { if_indextoname(ifindex, name.data()); });
  return name.data();
}

void NamespaceResource::release() {
  socket_.reset();
  fd_.reset();
}

}  // namespace vethscope
