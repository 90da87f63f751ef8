#include "netlink_format.h"

#include <arpa/inet.h>

namespace vethscope {

std::optional<std::string> format_address(int family, const nlattr* attribute) {
  char text[INET6_ADDRSTRLEN];
  uint16_t expected = family == AF_INET ? 4 : 16;
  if (mnl_attr_get_payload_len(attribute) != expected) return std::nullopt;
  if (!inet_ntop(family, mnl_attr_get_payload(attribute), text, sizeof(text))) return std::nullopt;
  return std::string(text);
}

std::string format_mac(const nlattr* attribute) {
  static const char digits[] = "0123456789abcdef";
  auto* bytes = static_cast<const uint8_t*>(mnl_attr_get_payload(attribute));
  std::string text;
  for (uint16_t i = 0; i < mnl_attr_get_payload_len(attribute); ++i) {
    if (i > 0) text += ':';
    text += digits[bytes[i] >> 4];
    text += digits[bytes[i] & 15];
  }
  return text;
}

}  // namespace vethscope
