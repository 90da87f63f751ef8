#include "namespace_thread.h"

#include <sched.h>

#include <cerrno>
#include <exception>
#include <thread>

#include "failure.h"

namespace vethscope {

void run_in_namespace(int namespace_fd, const std::string& path, const std::function<void()>& work) {
  std::exception_ptr problem;
  std::thread thread([&] {
    try {
      if (setns(namespace_fd, CLONE_NEWNET) != 0) {
        Failure failure(errno, "setns", "Entering a network namespace needs CAP_SYS_ADMIN");
        throw failure.in_namespace(path);
      }
      work();
    } catch (...) {
      problem = std::current_exception();
    }
  });
  thread.join();
  if (problem) std::rethrow_exception(problem);
}

}  // namespace vethscope
