#include "make_hook.h"

#include <utility>

#include "bpf_object.h"
#include "clsact_filter.h"
#include "tcx_link.h"

namespace vethscope {

std::unique_ptr<Hook> make_hook(AttachWay way, std::shared_ptr<NetlinkSocket> filters, int program_fd,
                                FilterPlace place) {
  if (way == AttachWay::tcx) return std::make_unique<TcxLink>(program_fd, place.ifindex, place.direction);
  return std::make_unique<ClsactFilter>(std::move(filters), program_fd, program_id(program_fd), place);
}

}  // namespace vethscope
