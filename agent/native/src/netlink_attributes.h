#pragma once

#include <libmnl/libmnl.h>

#include <cstddef>

namespace vethscope {

/** libmnl's own loops are macros that only C compiles. */
template <typename Visit>
void for_each_attribute_between(const void* first, const void* end, Visit visit) {
  auto* attribute = static_cast<const nlattr*>(first);
  while (mnl_attr_ok(attribute, static_cast<int>(static_cast<const char*>(end) -
                                                 reinterpret_cast<const char*>(attribute)))) {
    visit(attribute);
    attribute = mnl_attr_next(attribute);
  }
}

/** Attributes of a message, behind its family header. */
template <typename Visit>
void for_each_attribute(const nlmsghdr* message, size_t header_bytes, Visit visit) {
  for_each_attribute_between(mnl_nlmsg_get_payload_offset(message, header_bytes),
                             mnl_nlmsg_get_payload_tail(message), visit);
}

/** Attributes inside an attribute. */
template <typename Visit>
void for_each_nested(const nlattr* nest, Visit visit) {
  auto* first = static_cast<const char*>(mnl_attr_get_payload(nest));
  for_each_attribute_between(first, first + mnl_attr_get_payload_len(nest), visit);
}

}  // namespace vethscope
