#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace vethscope {

/** Names of the running kernel's drop reasons, from its BTF, without their common prefix. Throws Failure. */
std::map<uint32_t, std::string> read_drop_reasons();

}  // namespace vethscope
