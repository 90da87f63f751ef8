#include "conntrack_initiators.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "conntrack_message.h"

namespace vethscope {

namespace {

constexpr const char* kCall = "netlink IPCTNL_MSG_CT_GET";
/* The kernel answers all of them before send() returns, so they must fit the receive buffer. */
constexpr size_t kQuestionsAtOnce = 64;
constexpr size_t kQuestionBytes = 160;
constexpr size_t kReceiveBytes = 64 * 1024;

/** The tuple of packets that the low side sends. */
void put_tuple(nlmsghdr* message, const flow_key& key) {
  bool is_ipv4 = key.family == 4;
  size_t size = is_ipv4 ? 4 : 16;
  nlattr* tuple = mnl_attr_nest_start(message, CTA_TUPLE_ORIG);
  nlattr* addresses = mnl_attr_nest_start(message, CTA_TUPLE_IP);
  mnl_attr_put(message, is_ipv4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, size, key.low_address + 16 - size);
  mnl_attr_put(message, is_ipv4 ? CTA_IP_V4_DST : CTA_IP_V6_DST, size, key.high_address + 16 - size);
  mnl_attr_nest_end(message, addresses);
  nlattr* protocol = mnl_attr_nest_start(message, CTA_TUPLE_PROTO);
  mnl_attr_put_u8(message, CTA_PROTO_NUM, key.protocol);
  mnl_attr_put_u16(message, CTA_PROTO_SRC_PORT, htons(key.low_port));
  mnl_attr_put_u16(message, CTA_PROTO_DST_PORT, htons(key.high_port));
  mnl_attr_nest_end(message, protocol);
  mnl_attr_nest_end(message, tuple);
}

bool is_from_low(const ConntrackTuple& tuple, const flow_key& key) {
  return memcmp(tuple.source.data(), key.low_address, tuple.source.size()) == 0 &&
         memcmp(tuple.destination.data(), key.high_address, tuple.destination.size()) == 0 &&
         tuple.source_port == key.low_port && tuple.destination_port == key.high_port;
}

}  // namespace

ConntrackInitiators::ConntrackInitiators(Napi::Env env, NamespaceResource& netns, std::vector<flow_key> keys)
    : AsyncWorker(env, "vethscope conntrack initiators"),
      deferred_(Napi::Promise::Deferred::New(env)),
      netns_path_(netns.path()),
      keys_(std::move(keys)),
      answers_(keys_.size(), Initiator::unknown) {
  netns.run([this] { socket_ = std::make_unique<NetlinkSocket>(std::vector<int>{}, NETLINK_NETFILTER); });
}

void ConntrackInitiators::Execute() {
  try {
    for (size_t first = 0; first < keys_.size(); first += kQuestionsAtOnce) {
      size_t count = std::min(kQuestionsAtOnce, keys_.size() - first);
      ask_some(first, count);
      read_answers(first, count);
    }
  } catch (Failure& failure) {
    failure_ = failure.in_namespace(netns_path_);
  }
  socket_.reset();
}

void ConntrackInitiators::ask_some(size_t first, size_t count) {
  std::array<char, kQuestionsAtOnce* kQuestionBytes> buffer = {};
  size_t used = 0;
  for (size_t index = first; index < first + count; ++index) {
    nlmsghdr* request = mnl_nlmsg_put_header(buffer.data() + used);
    request->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET;
    request->nlmsg_flags = NLM_F_REQUEST;
    request->nlmsg_seq = static_cast<uint32_t>(index + 1);
    auto* query = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(request, sizeof(nfgenmsg)));
    query->nfgen_family = keys_[index].family == 4 ? AF_INET : AF_INET6;
    query->version = NFNETLINK_V0;
    put_tuple(request, keys_[index]);
    used += MNL_ALIGN(request->nlmsg_len);
  }
  sockaddr_nl kernel = {};
  kernel.nl_family = AF_NETLINK;
  ssize_t sent = sendto(socket_->fd(), buffer.data(), used, 0, reinterpret_cast<const sockaddr*>(&kernel),
                        sizeof(kernel));
  if (sent < 0) throw Failure(errno, kCall);
}

void ConntrackInitiators::read_answers(size_t first, size_t count) {
  std::vector<char> buffer(kReceiveBytes);
  for (;;) {
    ssize_t received = recv(socket_->fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    /* An answer that found no room is one that is not known. */
    if (received < 0 && (errno == EINTR || errno == ENOBUFS)) continue;
    if (received < 0 && errno == EAGAIN) return;
    if (received < 0) throw Failure(errno, kCall);
    int left = static_cast<int>(received);
    for (auto* header = reinterpret_cast<const nlmsghdr*>(buffer.data()); mnl_nlmsg_ok(header, left);
         header = mnl_nlmsg_next(header, &left)) {
      size_t index = header->nlmsg_seq - size_t{1};
      if (index >= first && index < first + count) take_answer(header, index);
    }
  }
}

void ConntrackInitiators::take_answer(const nlmsghdr* message, size_t index) {
  if (message->nlmsg_type == NLMSG_ERROR) {
    auto* error = static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(message));
    if (error->error != 0 && error->error != -ENOENT) throw Failure(-error->error, kCall);
    return;
  }
  auto record = read_conntrack(message, true);
  if (!record || record->is_picked_up) return;
  const flow_key& key = keys_[index];
  answers_[index] = is_from_low(record->original, key) ? Initiator::low : Initiator::high;
}

void ConntrackInitiators::OnOK() {
  Napi::Env env = Env();
  if (failure_) {
    deferred_.Reject(failure_->to_error(env).Value());
    return;
  }
  auto* bytes = reinterpret_cast<const uint8_t*>(answers_.data());
  deferred_.Resolve(Napi::Buffer<uint8_t>::Copy(env, bytes, answers_.size()));
}

}  // namespace vethscope
