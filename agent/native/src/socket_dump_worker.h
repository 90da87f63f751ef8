#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "netlink_socket.h"
#include "network_namespace.h"
#include "promise_worker.h"

namespace vethscope {

/** One dump of a namespace's sockets: 100,000 of them take the kernel a while. */
class SocketDumpWorker : public PromiseWorker {
 public:
  /** Throws Failure when there is no netlink socket to ask with. */
  SocketDumpWorker(Napi::Env env, const NamespaceResource& netns);

 protected:
  void work() override;
  Napi::Value result(Napi::Env env) override;

 private:
  std::string netns_path_;
  std::unique_ptr<NetlinkSocket> socket_;
  std::vector<uint8_t> records_;
};

}  // namespace vethscope
