#pragma once

#include <bpf/libbpf.h>

#include <cstddef>

namespace vethscope {

/** Global data of a loaded object, mapped: what is stored here the programs load at once. */
class MappedData {
 public:
  /** @param map of a data section (BPF_F_MMAPABLE); throws with the errno of mmap */
  explicit MappedData(const bpf_map* map);
  ~MappedData();
  MappedData(const MappedData&) = delete;
  MappedData& operator=(const MappedData&) = delete;

  template <typename Value>
  Value* as() const {
    return static_cast<Value*>(memory_);
  }
  size_t size() const { return size_; }

 private:
  void* memory_;
  size_t size_;
};

}  // namespace vethscope
