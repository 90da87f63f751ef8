#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "descriptor.h"
#include "failure.h"

namespace vethscope {

/** Wakes a polling thread to end it. */
class StopSignal {
 public:
  StopSignal() : fd_(eventfd(0, EFD_CLOEXEC)) {
    if (fd_.get() < 0) throw Failure(errno, "eventfd");
  }
  int fd() const { return fd_.get(); }
  void raise() const {
    const uint64_t one = 1;
    /* An eventfd counter at 0 takes 1 without blocking or failing. */
    while (write(fd_.get(), &one, sizeof(one)) < 0 && errno == EINTR) {
    }
  }

  /** After its thread has ended. */
  void close() { fd_.reset(); }

 private:
  Descriptor fd_;
};

}  // namespace vethscope
