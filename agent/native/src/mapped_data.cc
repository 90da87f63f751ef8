#include "mapped_data.h"

#include <sys/mman.h>

#include <cerrno>
#include <string>

#include "failure.h"

namespace vethscope {

MappedData::MappedData(const bpf_map* map)
    : memory_(MAP_FAILED), size_(static_cast<size_t>(bpf_map__value_size(map))) {
  memory_ = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);
  if (memory_ == MAP_FAILED) throw Failure(errno, "mmap").about(std::string("map ") + bpf_map__name(map));
}

MappedData::~MappedData() { munmap(memory_, size_); }

}  // namespace vethscope
