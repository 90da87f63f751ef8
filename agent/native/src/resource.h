#pragma once

#include <memory>
#include <unordered_set>

namespace vethscope {

class Resource;

/** The open resources of one JavaScript environment; its clean-up hook closes what is left. */
class ResourceRegistry {
 public:
  void add(Resource* resource) { open_.insert(resource); }
  void remove(Resource* resource) { open_.erase(resource); }
  void close_all();

 private:
  std::unordered_set<Resource*> open_;
};

/**
 * What a handle owns: descriptors, threads, links. Closes once, by close(), by its last owner (garbage
 * collection), or by the registry when the worker or process ends; all on the environment's own thread.
 */
class Resource {
 public:
  explicit Resource(std::shared_ptr<ResourceRegistry> registry);
  virtual ~Resource();
  Resource(const Resource&) = delete;
  Resource& operator=(const Resource&) = delete;

  void close();
  bool closed() const { return closed_; }

  /** Open resources of this process, over all environments. */
  static int open_count();

 protected:
  /**
   * Lets go of everything. Derived destructors call close(), so that this runs before they are gone; a
   * constructor that throws leaves it to the members' destructors.
   */
  virtual void release() = 0;

 private:
  void forget();

  std::shared_ptr<ResourceRegistry> registry_;
  bool closed_ = false;
};

}  // namespace vethscope
