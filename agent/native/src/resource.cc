#include "resource.h"

#include <atomic>
#include <utility>

namespace vethscope {

namespace {
std::atomic<int> open_resources{0};
}

void ResourceRegistry::close_all() {
  while (!open_.empty()) (*open_.begin())->close();
}

Resource::Resource(std::shared_ptr<ResourceRegistry> registry) : registry_(std::move(registry)) {
  registry_->add(this);
  ++open_resources;
}

Resource::~Resource() { forget(); }

void Resource::close() {
  if (closed_) return;
  forget();
  release();
}

void Resource::forget() {
  if (closed_) return;
  closed_ = true;
  registry_->remove(this);
  --open_resources;
}

int Resource::open_count() { return open_resources; }

}  // namespace vethscope
