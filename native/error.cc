#include "error.h"

#include <bpf/libbpf.h>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace cilion
{
namespace
{

// The kernel's own "operation not supported", which escapes to user space from bpf(2) but has no libc name.
constexpr int kEnotsupp = 524;

thread_local std::string log;

int AppendToLog(enum libbpf_print_level level, const char *format, va_list args)
{
    if (level == LIBBPF_DEBUG)
        return 0;
    va_list measured;
    va_copy(measured, args);
    int length = vsnprintf(nullptr, 0, format, measured);
    va_end(measured);
    if (length <= 0)
        return 0;
    std::vector<char> text(static_cast<size_t>(length) + 1);
    vsnprintf(text.data(), text.size(), format, args);
    log.append(text.data(), static_cast<size_t>(length));
    return length;
}

std::string CodeOf(int err)
{
    if (err == kEnotsupp)
        return "ENOTSUPP";
    const char *name = strerrorname_np(err);
    return name ? name : "E" + std::to_string(err);
}

std::string DescriptionOf(int err)
{
    if (err == kEnotsupp)
        return "Operation not supported";
    const char *text = strerrordesc_np(err);
    return text ? text : "Unknown error";
}

} // namespace

LogScope::LogScope()
{
    log.clear();
}
LogScope::~LogScope()
{
    log.clear();
}

void CaptureLibbpfLog()
{
    libbpf_set_print(AppendToLog);
}

void ThrowErrno(Napi::Env env, int err, const std::string &what)
{
    err = std::abs(err);
    std::string code = CodeOf(err);
    std::string message = what + ": " + DescriptionOf(err) + " (" + code + ")";
    if (!log.empty())
        message += "\n" + log;
    Napi::Error error = Napi::Error::New(env, message);
    error.Set("code", code);
    error.Set("errno", Napi::Number::New(env, -err));
    throw error;
}

void ThrowType(Napi::Env env, const std::string &message)
{
    throw Napi::TypeError::New(env, message);
}

} // namespace cilion
