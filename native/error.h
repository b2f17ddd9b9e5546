// Failures as JavaScript errors, with what libbpf had to say about them.
#pragma once

#include <napi.h>
#include <string>

namespace cilion
{

/// Collects the calling thread's libbpf warnings (verifier log included) while it lives, so that an error
/// holds those of its own call and of no earlier one.
class LogScope
{
  public:
    LogScope();
    ~LogScope();
    LogScope(const LogScope &) = delete;
    LogScope &operator=(const LogScope &) = delete;
};

/// Throws an Error "<what>: <description> (<CODE>)" plus the collected log, with `code` and a negative
/// `errno` as Node's own system errors have them. `err` is positive or negative.
[[noreturn]] void ThrowErrno(Napi::Env env, int err, const std::string &what);

/// Throws a TypeError.
[[noreturn]] void ThrowType(Napi::Env env, const std::string &message);

/// Routes libbpf's output to LogScope; once a process.
void CaptureLibbpfLog();

} // namespace cilion
