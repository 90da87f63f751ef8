#pragma once

#include <bpf/libbpf.h>
#include <napi.h>

#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "resource.h"
#include "stop_signal.h"
#include "thread_callback.h"

namespace vethscope {

/** One batch of events between the polling thread and JavaScript. */
class EventBatch {
 public:
  /** False while JavaScript has not taken the batch before: the ring keeps the rest, and counts what it
   * refuses. */
  bool taken();
  void put(std::vector<uint8_t> events);
  std::vector<uint8_t> take();

 private:
  std::mutex mutex_;
  std::vector<uint8_t> events_;
};

/** Polls the event ring on a thread. Does not keep the process alive. */
class EventReader : public Resource {
 public:
  EventReader(std::shared_ptr<ResourceRegistry> registry, std::shared_ptr<Resource> collector, int ring_fd,
              Napi::Env env, Napi::Function callback);
  ~EventReader() override { close(); }

 protected:
  void release() override;

 private:
  struct FreeRing {
    void operator()(ring_buffer* ring) const { ring_buffer__free(ring); }
  };

  static void deliver(Napi::Env env, Napi::Function callback, EventBatch& batch);
  static int keep(void* reader, void* event, size_t size);

  void poll_ring();

  std::shared_ptr<Resource> collector_;
  std::unique_ptr<ring_buffer, FreeRing> ring_;
  std::vector<uint8_t> reading_;
  StopSignal stop_;
  std::shared_ptr<EventBatch> batch_ = std::make_shared<EventBatch>();
  ThreadCallback<EventBatch, deliver> callback_;
  std::thread thread_;
};

}  // namespace vethscope
