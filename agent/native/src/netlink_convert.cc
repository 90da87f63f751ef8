#include "netlink_convert.h"

namespace vethscope {

namespace {

Napi::Value number(Napi::Env env, uint64_t value) {
  return Napi::Number::New(env, static_cast<double>(value));
}

Napi::Value text_or_null(Napi::Env env, const std::optional<std::string>& text) {
  return text ? Napi::Value(Napi::String::New(env, *text)) : env.Null();
}

Napi::Value to_tunnel(Napi::Env env, const std::optional<LinkTunnel>& tunnel) {
  if (!tunnel) return env.Null();
  Napi::Object object = Napi::Object::New(env);
  object.Set("id", tunnel->id ? number(env, *tunnel->id) : env.Null());
  object.Set("local", text_or_null(env, tunnel->local));
  object.Set("remote", text_or_null(env, tunnel->remote));
  return object;
}

Napi::Value to_bridge(Napi::Env env, const std::optional<LinkBridge>& bridge) {
  if (!bridge) return env.Null();
  Napi::Object object = Napi::Object::New(env);
  object.Set("vlanFiltering", Napi::Boolean::New(env, bridge->vlan_filtering));
  object.Set("callsIptables", Napi::Boolean::New(env, bridge->calls_iptables));
  object.Set("callsIp6tables", Napi::Boolean::New(env, bridge->calls_ip6tables));
  return object;
}

Napi::Value to_port(Napi::Env env, const std::optional<LinkPort>& port) {
  if (!port) return env.Null();
  Napi::Object object = Napi::Object::New(env);
  object.Set("state", number(env, port->state));
  object.Set("hairpin", Napi::Boolean::New(env, port->hairpin));
  object.Set("isolated", Napi::Boolean::New(env, port->isolated));
  object.Set("learning", Napi::Boolean::New(env, port->learning));
  object.Set("flood", Napi::Boolean::New(env, port->flood));
  return object;
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
  object.Set("tunnel", to_tunnel(env, link.tunnel));
  object.Set("bridge", to_bridge(env, link.bridge));
  object.Set("port", to_port(env, link.port));
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
  object.Set("metric", number(env, route.metric));
  object.Set("source", text_or_null(env, route.source));
  return object;
}

Napi::Object to_object(Napi::Env env, const RuleEntry& rule) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("family", number(env, rule.family));
  object.Set("priority", number(env, rule.priority));
  object.Set("source", text_or_null(env, rule.source));
  object.Set("destination", text_or_null(env, rule.destination));
  object.Set("incoming", text_or_null(env, rule.incoming));
  object.Set("outgoing", text_or_null(env, rule.outgoing));
  object.Set("mark", number(env, rule.mark));
  object.Set("mask", number(env, rule.mask));
  object.Set("table", number(env, rule.table));
  object.Set("action", number(env, rule.action));
  object.Set("target", number(env, rule.target));
  object.Set("suppressedPrefixLength", Napi::Number::New(env, rule.suppressed_prefix_length));
  object.Set("inverted", Napi::Boolean::New(env, rule.inverted));
  object.Set("hasFurtherConditions", Napi::Boolean::New(env, rule.has_further_conditions));
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
