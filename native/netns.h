// Entering a network namespace for the length of a scope.
#pragma once

#include "fd.h"

#include <napi.h>
#include <optional>
#include <string>

namespace cilion
{

/// The calling thread is inside the namespace until the end of the scope; without a path it stays where it
/// is. A thread that cannot return would act in the wrong namespace from then on, so that ends the process.
class NetnsScope
{
  public:
    NetnsScope(Napi::Env env, const std::optional<std::string> &path);
    ~NetnsScope();
    NetnsScope(const NetnsScope &) = delete;
    NetnsScope &operator=(const NetnsScope &) = delete;

  private:
    UniqueFd home_;
};

} // namespace cilion
