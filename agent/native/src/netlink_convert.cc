#include "netlink_convert.h"

namespace vethscope {

namespace {

Napi::Value number(Napi::Env env, uint64_t value) {
  return Napi::Number::New(env, static_cast<double>(value));
}

Napi::Value text_or_null(Napi::Env env, const std::optional<std::string>& text) {
  return text ? Napi::Value(Napi::String::New(env, *text)) : env.Null();
}

}  // namespace

Napi::Object to_object(Napi::Env env, const Link& link) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("ifindex", Napi::Number::New(env, link.ifindex));
  object.Set("name", link.name);
  object.Set("kind", link.kind);
  object.Set("type", number(env, link.type));
  object.Set("flags", number(env, link.flags));
  object.Set("mac", link.mac);
  object.Set("mtu", number(env, link.mtu));
  object.Set("state", link.state);
  object.Set("master", number(env, link.master));
  object.Set("link", number(env, link.link));
  object.Set("linkNetnsid", Napi::Number::New(env, link.link_netnsid));
  object.Set("promiscuity", number(env, link.promiscuity));
  object.Set("tunnelPort", number(env, link.tunnel_port));
  object.Set("receivedPackets", number(env, link.received_packets));
  object.Set("receivedBytes", number(env, link.received_bytes));
  object.Set("receivedDropped", number(env, link.received_dropped));
  object.Set("sentPackets", number(env, link.sent_packets));
  object.Set("sentBytes", number(env, link.sent_bytes));
  object.Set("sentDropped", number(env, link.sent_dropped));
  return object;
}

Napi::Object to_object(Napi::Env env, const LinkAddress& address) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("ifindex", number(env, address.ifindex));
  object.Set("address", address.address);
  return object;
}

Napi::Object to_object(Napi::Env env, const RouteEntry& route) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("destination", route.destination);
  object.Set("gateway", text_or_null(env, route.gateway));
  object.Set("ifindex", number(env, route.ifindex));
  object.Set("table", number(env, route.table));
  object.Set("protocol", number(env, route.protocol));
  object.Set("scope", number(env, route.scope));
  object.Set("type", number(env, route.type));
  object.Set("source", text_or_null(env, route.source));
  return object;
}

Napi::Object to_object(Napi::Env env, const NeighbourEntry& neighbour) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("ifindex", Napi::Number::New(env, neighbour.ifindex));
  object.Set("address", text_or_null(env, neighbour.address));
  object.Set("mac", text_or_null(env, neighbour.mac));
  object.Set("state", number(env, neighbour.state));
  object.Set("flags", number(env, neighbour.flags));
  object.Set("master", number(env, neighbour.master));
  object.Set("vlan", number(env, neighbour.vlan));
  return object;
}

}  // namespace vethscope
