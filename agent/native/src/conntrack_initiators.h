#pragma once

#include <napi.h>

#include <memory>
#include <optional>
#include <vector>

#include "failure.h"
#include "flow_layout.h"
#include "netlink_socket.h"
#include "network_namespace.h"

namespace vethscope {

/** Which side of a flow's key the connection tracking has as the source. */
enum class Initiator : uint8_t { unknown = 0, low = 1, high = 2 };

/** Asks a namespace's connection tracking for flows by their tuples, on a thread of libuv's pool. */
class ConntrackInitiators : public Napi::AsyncWorker {
 public:
  /** Throws Failure when there is no socket to ask with. */
  ConntrackInitiators(Napi::Env env, NamespaceResource& netns, std::vector<flow_key> keys);

  Napi::Promise promise() const { return deferred_.Promise(); }

 protected:
  void Execute() override;
  void OnOK() override;

 private:
  void ask_some(size_t first, size_t count);
  void read_answers(size_t first, size_t count);
  void take_answer(const nlmsghdr* message, size_t index);

  Napi::Promise::Deferred deferred_;
  std::string netns_path_;
  std::unique_ptr<NetlinkSocket> socket_;
  std::vector<flow_key> keys_;
  std::vector<Initiator> answers_;
  std::optional<Failure> failure_;
};

}  // namespace vethscope
