#include "addon.h"
#include "error.h"

namespace cilion
{
namespace
{

Napi::Object Init(Napi::Env env, Napi::Object exports)
{
    CaptureLibbpfLog();
    env.SetInstanceData(new AddonData());
    InitObject(env, exports);
    InitMap(env, exports);
    InitProgram(env, exports);
    InitAttach(env, exports);
    InitXdpLink(env, exports);
    InitNetns(env, exports);
    InitRing(env, exports);
    InitBtf(env, exports);
    InitMachine(env, exports);
    InitChild(env, exports);
    InitFeatures(env, exports);
    InitDelayLine(env, exports);
    InitPacketSocket(env, exports);
    return exports;
}

} // namespace
} // namespace cilion

static Napi::Object InitAddon(Napi::Env env, Napi::Object exports)
{
    return cilion::Init(env, exports);
}

NODE_API_MODULE(cilion, InitAddon)
