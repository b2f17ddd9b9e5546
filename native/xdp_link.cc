#include "addon.h"
#include "args.h"
#include "fd.h"
#include "netns.h"

#include <bpf/bpf.h>
#include <cerrno>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <memory>

namespace cilion
{
namespace
{

/// Native mode. The program comes off the device with the link's last descriptor: at the latest when this
/// process ends, however it ends. Refused where a program is attached already.
Napi::Value LinkXdp(const Napi::CallbackInfo &info)
{
    Napi::Env env = info.Env();
    int program = static_cast<int>(Uint32Of(info[0], "program"));
    int ifindex = IfindexOf(info[1]);
    auto netns = OptionalStringOf(info[2], "netns");
    LogScope scope;
    NetnsScope inside(env, netns);
    LIBBPF_OPTS(bpf_link_create_opts, options, .flags = XDP_FLAGS_DRV_MODE);
    auto link = std::make_shared<UniqueFd>(bpf_link_create(program, ifindex, BPF_XDP, &options));
    if (!link->valid())
        ThrowErrno(env, errno, "link an XDP program to device " + std::to_string(ifindex));
    Napi::Object result = Napi::Object::New(env);
    result.Set("close",
               Napi::Function::New(env, [link](const Napi::CallbackInfo &) { link->Close(); }, "close"));
    return result;
}

} // namespace

void InitXdpLink(Napi::Env env, Napi::Object exports)
{
    exports.Set("linkXdp", Napi::Function::New(env, LinkXdp, "linkXdp"));
}

} // namespace cilion
