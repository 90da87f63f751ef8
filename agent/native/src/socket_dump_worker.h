#pragma once

#include <napi.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "descriptor.h"
#include "failure.h"
#include "network_namespace.h"

namespace vethscope {

/** One dump of a namespace's sockets on a thread of libuv's pool: 100,000 of them take the kernel a while. */
class SocketDumpWorker : public Napi::AsyncWorker {
 public:
  /** Throws Failure. */
  SocketDumpWorker(Napi::Env env, const NamespaceResource& netns);

  Napi::Promise promise() const { return deferred_.Promise(); }

 protected:
  void Execute() override;
  void OnOK() override;

 private:
  Napi::Promise::Deferred deferred_;
  Descriptor netns_fd_;
  std::string path_;
  std::vector<uint8_t> records_;
  std::optional<Failure> failure_;
};

}  // namespace vethscope
