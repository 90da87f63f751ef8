#pragma once

#include <napi.h>

#include <memory>
#include <optional>
#include <vector>

#include "conntrack_record.h"
#include "failure.h"
#include "netlink_socket.h"
#include "network_namespace.h"

namespace vethscope {

/** Lists a namespace's connection tracking on a thread of libuv's pool. */
class ConntrackDump : public Napi::AsyncWorker {
 public:
  /** Throws Failure when there is no socket to ask with. @param translated_only leaves out what NAT did not
   * touch
   */
  ConntrackDump(Napi::Env env, NamespaceResource& netns, bool translated_only);

  Napi::Promise promise() const { return deferred_.Promise(); }

 protected:
  void Execute() override;
  void OnOK() override;

 private:
  Napi::Promise::Deferred deferred_;
  std::string netns_path_;
  std::unique_ptr<NetlinkSocket> socket_;
  bool translated_only_;
  std::vector<ConntrackRecord> records_;
  std::optional<Failure> failure_;
};

}  // namespace vethscope
