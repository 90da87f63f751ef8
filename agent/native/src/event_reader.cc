#include "event_reader.h"

#include <poll.h>

#include <cerrno>
#include <utility>

#include "failure.h"

namespace vethscope {

namespace {

/* The programs never wake a reader: a wake-up costs over a microsecond, on the packet's path. */
constexpr int kPollMilliseconds = 100;
/* While the ring holds more than a batch, as under a capture: it must not fill up meanwhile. */
constexpr int kHurryMilliseconds = 1;
constexpr size_t kBatchBytes = 1 << 20;
constexpr size_t kEventAlignment = 8;

ring_buffer* open_ring(int fd, ring_buffer_sample_fn keep, void* reader) {
  ring_buffer* ring = ring_buffer__new(fd, keep, reader, nullptr);
  if (!ring) throw Failure(errno, "ring_buffer__new").about("map events");
  return ring;
}

}  // namespace

bool EventBatch::taken() {
  std::lock_guard<std::mutex> lock(mutex_);
  return events_.empty();
}

void EventBatch::put(std::vector<uint8_t> events) {
  std::lock_guard<std::mutex> lock(mutex_);
  events_ = std::move(events);
}

std::vector<uint8_t> EventBatch::take() {
  std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(events_, {});
}

EventReader::EventReader(std::shared_ptr<ResourceRegistry> registry, std::shared_ptr<Resource> collector,
                         int ring_fd, Napi::Env env, Napi::Function callback)
    : Resource(std::move(registry)),
      collector_(std::move(collector)),
      ring_(open_ring(ring_fd, keep, this)),
      callback_(env, callback, "vethscope events", batch_) {
  thread_ = std::thread([this] { poll_ring(); });
}

int EventReader::keep(void* reader, void* event, size_t size) {
  std::vector<uint8_t>& reading = static_cast<EventReader*>(reader)->reading_;
  auto* bytes = static_cast<uint8_t*>(event);
  reading.insert(reading.end(), bytes, bytes + size);
  reading.resize((reading.size() + kEventAlignment - 1) & ~(kEventAlignment - 1));
  return reading.size() < kBatchBytes ? 0 : -ENOBUFS;
}

void EventReader::poll_ring() {
  pollfd wait = {stop_.fd(), POLLIN, 0};
  int pause = kPollMilliseconds;
  while (poll(&wait, 1, pause) <= 0) {
    if (!batch_->taken()) continue;
    /* Negative where a batch was full before the ring was empty. */
    pause = ring_buffer__consume(ring_.get()) < 0 ? kHurryMilliseconds : kPollMilliseconds;
    if (reading_.empty()) continue;
    batch_->put(std::exchange(reading_, {}));
    callback_.request();
  }
}

void EventReader::deliver(Napi::Env env, Napi::Function callback, EventBatch& batch) {
  std::vector<uint8_t> events = batch.take();
  if (events.empty()) return;
  callback.Call({Napi::Buffer<uint8_t>::Copy(env, events.data(), events.size())});
}

void EventReader::release() {
  stop_.raise();
  thread_.join();
  stop_.close();
  callback_.release();
  ring_.reset();
  collector_.reset();
}

}  // namespace vethscope
