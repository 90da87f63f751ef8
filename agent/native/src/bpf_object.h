#pragma once

#include <bpf/libbpf.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace vethscope {

/** What the kernel spent in programs while its statistics were on. */
struct ProgramStatistics {
  uint64_t run_time_ns = 0;
  uint64_t run_count = 0;
};

/** Reads an object file; throws Failure. */
std::vector<char> read_object_file(const std::string& path);

/** Routes libbpf's warnings into the errors of the call at hand; once a process. */
void capture_libbpf_messages();

/** A loaded BPF object: its maps and programs live as long as it does. */
class BpfObject {
 public:
  /** Loads and verifies. `prepare` may size or share maps before. Throws Failure with the verifier's log. */
  BpfObject(const std::vector<char>& image, const std::string& path,
            const std::function<void(BpfObject&)>& prepare = nullptr);
  ~BpfObject();
  BpfObject(const BpfObject&) = delete;
  BpfObject& operator=(const BpfObject&) = delete;

  const std::string& path() const { return path_; }
  bpf_map* map(const std::string& name) const;
  int map_fd(const std::string& name) const;
  int program_fd(const std::string& name) const;
  ProgramStatistics statistics() const;
  /** Instructions that the verifier walked, by loaded program. */
  std::vector<std::pair<std::string, uint32_t>> verified_instructions() const;

 private:
  bpf_program* program(const std::string& name) const;

  std::string path_;
  bpf_object* object_ = nullptr;
};

uint32_t program_id(int program_fd);

}  // namespace vethscope
