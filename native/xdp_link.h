// XDP programs that are attached for as long as somebody holds on to them.
#pragma once

#include <napi.h>

namespace cilion
{

void InitXdpLink(Napi::Env env, Napi::Object exports);

} // namespace cilion
