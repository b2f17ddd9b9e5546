// Attaching programs to devices, in any network namespace.
#pragma once

#include <napi.h>
#include <optional>
#include <string>

namespace cilion
{

/// Native mode; replaces a native program that is there.
void AttachXdpProgram(Napi::Env env, int fd, const std::string &name, int ifindex,
                      const std::optional<std::string> &netns);

/// Direct action, priority 1, handle 1 of the clsact hook, which is made if need be.
void AttachTcProgram(Napi::Env env, int fd, const std::string &name, int ifindex, bool ingress,
                     const std::optional<std::string> &netns);

} // namespace cilion
