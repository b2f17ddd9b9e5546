#include "netns.h"

#include "addon.h"
#include "args.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>

namespace cilion
{

NetnsScope::NetnsScope(Napi::Env env, const std::optional<std::string> &path)
{
    if (!path)
        return;
    UniqueFd target(open(path->c_str(), O_RDONLY | O_CLOEXEC));
    if (!target.valid())
        ThrowErrno(env, errno, "open network namespace " + *path);
    UniqueFd home(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    if (!home.valid())
        ThrowErrno(env, errno, "open /proc/thread-self/ns/net");
    if (setns(target.get(), CLONE_NEWNET))
        ThrowErrno(env, errno, "setns " + *path);
    home_ = std::move(home);
}

NetnsScope::~NetnsScope()
{
    if (home_.valid() && setns(home_.get(), CLONE_NEWNET)) {
        perror("cilion: cannot return from a network namespace");
        abort();
    }
}

namespace
{

Napi::Value Ifindex(const Napi::CallbackInfo &info)
{
    Napi::Env env = info.Env();
    std::string name = StringOf(info[0], "name");
    auto netns = OptionalStringOf(info[1], "netns");
    LogScope scope;
    NetnsScope inside(env, netns);
    unsigned ifindex = if_nametoindex(name.c_str());
    if (ifindex == 0)
        ThrowErrno(env, errno, "find device " + name + (netns ? " in " + *netns : ""));
    return Napi::Number::New(env, ifindex);
}

Napi::Value InNetns(const Napi::CallbackInfo &info)
{
    Napi::Env env = info.Env();
    std::string netns = StringOf(info[0], "netns");
    if (!info[1].IsFunction())
        ThrowType(env, "body must be a function");
    LogScope scope;
    NetnsScope inside(env, netns);
    Napi::Value result = info[1].As<Napi::Function>().Call({});
    if (result.IsPromise())
        ThrowType(env, "body of inNetns must be synchronous: what it awaits would run outside " + netns);
    return result;
}

} // namespace

void InitNetns(Napi::Env env, Napi::Object exports)
{
    exports.Set("ifindex", Napi::Function::New(env, Ifindex, "ifindex"));
    exports.Set("inNetns", Napi::Function::New(env, InNetns, "inNetns"));
}

} // namespace cilion
