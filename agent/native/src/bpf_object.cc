#include "bpf_object.h"

#include <bpf/bpf.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>

#include "failure.h"

namespace vethscope {

namespace {

constexpr size_t kVerifierLogBytes = 1 << 20;

thread_local std::string* message_sink = nullptr;

/** Collects libbpf's warnings while it is in scope. */
class MessageCapture {
 public:
  MessageCapture() { message_sink = &text_; }
  ~MessageCapture() { message_sink = nullptr; }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

int keep_warning(libbpf_print_level level, const char* format, va_list arguments) {
  if (level != LIBBPF_WARN || message_sink == nullptr) return 0;
  char line[1024];
  int length = vsnprintf(line, sizeof(line), format, arguments);
  message_sink->append(line);
  return length;
}

const char* load_hint(int error) {
  switch (error) {
    case EPERM:
    case EACCES:
      return "Loading needs CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN (or root); verifierLog says if the "
             "verifier refused";
    case ENOENT:
    case EINVAL:
      return "The kernel may be too old or the object broken; verifierLog has the messages, and `doctor` the "
             "features";
    default:
      return "verifierLog has the messages of libbpf and the verifier";
  }
}

/* libbpf has errors of its own, from 4000 on (enum libbpf_errno): all of them say that the file is not right.
 */
int to_errno(int error) { return error >= __LIBBPF_ERRNO__START ? EINVAL : error; }

bpf_prog_info program_info(int program_fd) {
  bpf_prog_info info = {};
  uint32_t length = sizeof(info);
  int error = bpf_obj_get_info_by_fd(program_fd, &info, &length);
  if (error != 0) throw Failure(-error, "bpf_obj_get_info_by_fd");
  return info;
}

}  // namespace

void capture_libbpf_messages() { libbpf_set_print(keep_warning); }

std::vector<char> read_object_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    Failure failure(errno != 0 ? errno : ENOENT, "open", "Check the path of the BPF object file");
    throw failure.about("file " + path);
  }
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

BpfObject::BpfObject(const std::vector<char>& image, const std::string& path,
                     const std::function<void(BpfObject&)>& prepare)
    : path_(path) {
  MessageCapture messages;
  std::vector<char> log(kVerifierLogBytes);
  bpf_object_open_opts options = {};
  options.sz = sizeof(options);
  options.object_name = "vethscope";
  options.kernel_log_buf = log.data();
  options.kernel_log_size = log.size();

  object_ = bpf_object__open_mem(image.data(), image.size(), &options);
  if (!object_) {
    Failure failure(to_errno(errno), "bpf_object__open_mem", "This is not a BPF object that libbpf can read");
    throw failure.about("file " + path).with_verifier_log(messages.text());
  }
  try {
    if (prepare) prepare(*this);
    int error = bpf_object__load(object_);
    if (error != 0) {
      Failure failure(to_errno(-error), "bpf_object__load", load_hint(-error));
      throw failure.about("file " + path).with_verifier_log(messages.text() + log.data());
    }
  } catch (...) {
    bpf_object__close(object_);
    throw;
  }
}

BpfObject::~BpfObject() { bpf_object__close(object_); }

bpf_map* BpfObject::map(const std::string& name) const {
  bpf_map* map = bpf_object__find_map_by_name(object_, name.c_str());
  if (!map) {
    Failure failure(ENOENT, "bpf_object__find_map_by_name",
                    "The object is not the one this addon was built with");
    throw failure.about("map " + name + " of file " + path_);
  }
  return map;
}

int BpfObject::map_fd(const std::string& name) const { return bpf_map__fd(map(name)); }

bpf_program* BpfObject::program(const std::string& name) const {
  bpf_program* program = bpf_object__find_program_by_name(object_, name.c_str());
  if (!program) {
    Failure failure(ENOENT, "bpf_object__find_program_by_name", "The object has no such program");
    throw failure.about("program " + name + " of file " + path_);
  }
  return program;
}

int BpfObject::program_fd(const std::string& name) const { return bpf_program__fd(program(name)); }

ProgramStatistics BpfObject::statistics() const {
  ProgramStatistics total;
  bpf_program* program;
  bpf_object__for_each_program(program, object_) {
    bpf_prog_info info = program_info(bpf_program__fd(program));
    total.run_time_ns += info.run_time_ns;
    total.run_count += info.run_cnt;
  }
  return total;
}

std::vector<std::pair<std::string, uint32_t>> BpfObject::verified_instructions() const {
  std::vector<std::pair<std::string, uint32_t>> counts;
  bpf_program* program;
  bpf_object__for_each_program(program, object_) {
    counts.emplace_back(bpf_program__name(program), program_info(bpf_program__fd(program)).verified_insns);
  }
  return counts;
}

uint32_t program_id(int program_fd) { return program_info(program_fd).id; }

}  // namespace vethscope
