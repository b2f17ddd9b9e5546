#include "attach.h"

#include "addon.h"
#include "args.h"
#include "netns.h"

#include <bpf/libbpf.h>
#include <cerrno>
#include <linux/if_link.h>

namespace cilion
{
namespace
{

std::string Device(int ifindex, const std::optional<std::string> &netns)
{
    return "device " + std::to_string(ifindex) + (netns ? " in " + *netns : "");
}

void DetachXdp(const Napi::CallbackInfo &info)
{
    int ifindex = IfindexOf(info[0]);
    auto netns = OptionalStringOf(info[1], "netns");
    LogScope scope;
    NetnsScope inside(info.Env(), netns);
    if (int err = bpf_xdp_detach(ifindex, XDP_FLAGS_DRV_MODE, nullptr))
        ThrowErrno(info.Env(), err, "detach XDP from " + Device(ifindex, netns));
}

/// 0 where none is attached.
Napi::Value XdpProgramId(const Napi::CallbackInfo &info)
{
    int ifindex = IfindexOf(info[0]);
    auto netns = OptionalStringOf(info[1], "netns");
    LogScope scope;
    NetnsScope inside(info.Env(), netns);
    uint32_t id = 0;
    if (int err = bpf_xdp_query_id(ifindex, XDP_FLAGS_DRV_MODE, &id))
        ThrowErrno(info.Env(), err, "ask for the XDP program of " + Device(ifindex, netns));
    return Napi::Number::New(info.Env(), id);
}

void DetachTc(const Napi::CallbackInfo &info)
{
    int ifindex = IfindexOf(info[0]);
    auto netns = OptionalStringOf(info[1], "netns");
    LogScope scope;
    NetnsScope inside(info.Env(), netns);
    LIBBPF_OPTS(bpf_tc_hook, hook);
    hook.ifindex = ifindex;
    hook.attach_point = static_cast<bpf_tc_attach_point>(BPF_TC_INGRESS | BPF_TC_EGRESS);
    if (int err = bpf_tc_hook_destroy(&hook))
        ThrowErrno(info.Env(), err, "remove clsact from " + Device(ifindex, netns));
}

} // namespace

void AttachXdpProgram(Napi::Env env, int fd, const std::string &name, int ifindex,
                      const std::optional<std::string> &netns)
{
    LogScope scope;
    NetnsScope inside(env, netns);
    if (int err = bpf_xdp_attach(ifindex, fd, XDP_FLAGS_DRV_MODE, nullptr))
        ThrowErrno(env, err, "attach XDP program " + name + " to " + Device(ifindex, netns));
}

void AttachTcProgram(Napi::Env env, int fd, const std::string &name, int ifindex, bool ingress,
                     const std::optional<std::string> &netns)
{
    NetnsScope inside(env, netns);
    LIBBPF_OPTS(bpf_tc_hook, hook);
    hook.ifindex = ifindex;
    hook.attach_point = ingress ? BPF_TC_INGRESS : BPF_TC_EGRESS;
    {
        LogScope scope;
        int err = bpf_tc_hook_create(&hook);
        if (err && err != -EEXIST)
            ThrowErrno(env, err, "add clsact to " + Device(ifindex, netns));
    }
    LogScope scope;
    LIBBPF_OPTS(bpf_tc_opts, filter);
    filter.prog_fd = fd;
    filter.handle = 1;
    filter.priority = 1;
    filter.flags = BPF_TC_F_REPLACE;
    if (int err = bpf_tc_attach(&hook, &filter))
        ThrowErrno(env, err, "attach tc program " + name + " to " + Device(ifindex, netns));
}

void InitAttach(Napi::Env env, Napi::Object exports)
{
    exports.Set("detachXdp", Napi::Function::New(env, DetachXdp, "detachXdp"));
    exports.Set("xdpProgramId", Napi::Function::New(env, XdpProgramId, "xdpProgramId"));
    exports.Set("detachTc", Napi::Function::New(env, DetachTc, "detachTc"));
}

} // namespace cilion
