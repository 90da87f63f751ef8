#include "drop_reasons.h"

#include <bpf/btf.h>

#include <cerrno>
#include <memory>

#include "failure.h"

namespace vethscope {

namespace {

using Names = std::map<uint32_t, std::string>;
using Btf = std::unique_ptr<btf, decltype(&btf__free)>;

/** The core's reasons, and those of subsystems that have their own range of numbers. */
constexpr const char* kEnums[] = {"skb_drop_reason", "ovs_drop_reason", "mac80211_drop_reason"};
/** Modules whose BTF has such an enum, where they are loaded. */
constexpr const char* kModules[] = {"openvswitch", "mac80211"};
constexpr const char* kPrefixes[] = {"SKB_DROP_REASON_", "SKB_"};

bool is_reasons(const btf* types, const btf_type* type) {
  if (!btf_is_enum(type)) return false;
  const char* name = btf__name_by_offset(types, type->name_off);
  for (const char* known : kEnums) {
    if (name && std::string(known) == name) return true;
  }
  return false;
}

std::string without_prefix(const std::string& name) {
  for (const std::string prefix : kPrefixes) {
    if (name.compare(0, prefix.size(), prefix) == 0) return name.substr(prefix.size());
  }
  return name;
}

/** @param first type id to begin with: a module's own come after the kernel's */
void add_names(const btf* types, uint32_t first, Names& names) {
  for (uint32_t id = first; id < btf__type_cnt(types); ++id) {
    const btf_type* type = btf__type_by_id(types, id);
    if (!is_reasons(types, type)) continue;
    const struct btf_enum* values = btf_enum(type);
    for (uint16_t i = 0; i < btf_vlen(type); ++i) {
      std::string name = btf__name_by_offset(types, values[i].name_off);
      /* Marks of ranges are no reasons. */
      if (name.compare(0, 2, "__") == 0) continue;
      names.emplace(static_cast<uint32_t>(values[i].val), without_prefix(name));
    }
  }
}

}  // namespace

Names read_drop_reasons() {
  Btf kernel(btf__load_vmlinux_btf(), btf__free);
  if (!kernel) throw Failure(errno, "btf__load_vmlinux_btf");
  Names names;
  add_names(kernel.get(), 1, names);
  for (const char* module : kModules) {
    Btf own(btf__load_module_btf(module, kernel.get()), btf__free);
    if (own) add_names(own.get(), btf__type_cnt(kernel.get()), names);
  }
  return names;
}

}  // namespace vethscope
