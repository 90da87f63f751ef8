#pragma once

#include <napi.h>

#include "control.h"

namespace vethscope {

/** Reads index.d.ts PacketFilter; null and undefined are a filter without conditions. Throws TypeError,
 * RangeError. */
FilterConditions read_filter(Napi::Env env, const Napi::Value& value);

}  // namespace vethscope
