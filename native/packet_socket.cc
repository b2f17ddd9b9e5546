// Frames out of a device as they are, by a packet socket (packet(7)): what whoever holds the wire can do.

#include "addon.h"
#include "args.h"
#include "fd.h"
#include "netns.h"

#include <cerrno>
#include <linux/if_packet.h>
#include <sys/socket.h>

namespace
{

/// sendFrames(frames, ifindex, netns): all in their order, or an error at the first that the device refuses.
Napi::Value SendFrames(const Napi::CallbackInfo &info)
{
    Napi::Env env = info.Env();
    if (!info[0].IsArray())
        cilion::ThrowType(env, "frames must be an array");
    auto frames = info[0].As<Napi::Array>();
    sockaddr_ll to{};
    to.sll_family = AF_PACKET;
    to.sll_ifindex = cilion::IfindexOf(info[1]);
    auto netns = cilion::StringOf(info[2], "netns");
    cilion::NetnsScope scope(env, netns);
    // Without a protocol it receives nothing.
    cilion::UniqueFd fd(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
    if (!fd.valid())
        cilion::ThrowErrno(env, errno, "packet socket in " + netns);
    for (uint32_t i = 0; i < frames.Length(); i++) {
        auto frame = cilion::BytesOf(frames.Get(i), "frame");
        ssize_t sent;
        do
            sent = sendto(fd.get(), frame.data(), frame.size(), 0, reinterpret_cast<sockaddr *>(&to),
                          sizeof(to));
        while (sent < 0 && errno == EINTR);
        if (sent < 0)
            cilion::ThrowErrno(env, errno, "send a frame in " + netns);
    }
    return env.Undefined();
}

} // namespace

void InitPacketSocket(Napi::Env env, Napi::Object exports)
{
    exports["sendFrames"] = Napi::Function::New(env, SendFrames, "sendFrames");
}
