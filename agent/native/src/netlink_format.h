#pragma once

#include <libmnl/libmnl.h>

#include <cstdint>
#include <optional>
#include <string>

namespace vethscope {

/** An attribute's bytes as an IP address, or nothing where they are none. */
std::optional<std::string> format_address(int family, const nlattr* attribute);
/** Colon-separated hex, as `ip` prints link-layer addresses; empty for no bytes. */
std::string format_mac(const nlattr* attribute);

}  // namespace vethscope
