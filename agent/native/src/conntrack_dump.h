#pragma once

#include <napi.h>

#include <memory>
#include <string>
#include <vector>

#include "conntrack_record.h"
#include "netlink_socket.h"
#include "network_namespace.h"
#include "promise_worker.h"

namespace vethscope {

/** Lists a namespace's connection tracking. */
class ConntrackDump : public PromiseWorker {
 public:
  /** Throws Failure when there is no socket to ask with. @param translated_only leaves out what NAT did not
   * touch
   */
  ConntrackDump(Napi::Env env, NamespaceResource& netns, bool translated_only);

 protected:
  void work() override;
  Napi::Value result(Napi::Env env) override;

 private:
  std::string netns_path_;
  std::unique_ptr<NetlinkSocket> socket_;
  bool translated_only_;
  std::vector<ConntrackRecord> records_;
};

}  // namespace vethscope
