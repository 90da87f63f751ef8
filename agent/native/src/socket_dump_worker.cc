#include "socket_dump_worker.h"

#include <fcntl.h>

#include <cerrno>
#include <utility>

#include "byte_buffer.h"
#include "namespace_thread.h"
#include "socket_dump.h"

namespace vethscope {

SocketDumpWorker::SocketDumpWorker(Napi::Env env, const NamespaceResource& netns)
    : AsyncWorker(env, "vethscope sockets"),
      deferred_(Napi::Promise::Deferred::New(env)),
      /* Its own: the handle may be closed before the dump ends. */
      netns_fd_(fcntl(netns.fd(), F_DUPFD_CLOEXEC, 0)),
      path_(netns.path()) {
  if (netns_fd_.get() < 0) throw Failure(errno, "fcntl(F_DUPFD_CLOEXEC)");
}

void SocketDumpWorker::Execute() {
  try {
    run_in_namespace(netns_fd_.get(), path_, [this] { records_ = dump_sockets(); });
  } catch (Failure& failure) {
    failure_ = failure.in_namespace(path_);
  }
}

void SocketDumpWorker::OnOK() {
  if (failure_)
    deferred_.Reject(failure_->to_error(Env()).Value());
  else
    deferred_.Resolve(to_buffer(Env(), std::move(records_)));
}

}  // namespace vethscope
