#include "socket_dump_worker.h"

#include <utility>

#include "byte_buffer.h"
#include "socket_dump.h"

namespace vethscope {

SocketDumpWorker::SocketDumpWorker(Napi::Env env, const NamespaceResource& netns)
    : PromiseWorker(env, "vethscope sockets"), netns_path_(netns.path()) {
  netns.run([this] { socket_ = std::make_unique<NetlinkSocket>(std::vector<int>{}, NETLINK_SOCK_DIAG); });
}

void SocketDumpWorker::work() {
  try {
    records_ = dump_sockets(*socket_);
  } catch (Failure& failure) {
    throw failure.in_namespace(netns_path_);
  }
}

Napi::Value SocketDumpWorker::result(Napi::Env env) { return to_buffer(env, std::move(records_)); }

}  // namespace vethscope
