// What the parts of the addon export, and the classes that one part makes for another.
#pragma once

#include <napi.h>

namespace cilion
{

/// One for each JavaScript environment (the main thread, each worker). It is the environment's instance data:
/// no other file may set that.
struct AddonData {
    Napi::FunctionReference object;
    Napi::FunctionReference map;
    Napi::FunctionReference program;
};

inline AddonData &DataOf(Napi::Env env)
{
    return *env.GetInstanceData<AddonData>();
}

void InitObject(Napi::Env env, Napi::Object exports);
void InitMap(Napi::Env env, Napi::Object exports);
void InitProgram(Napi::Env env, Napi::Object exports);
void InitAttach(Napi::Env env, Napi::Object exports);
void InitXdpLink(Napi::Env env, Napi::Object exports);
void InitNetns(Napi::Env env, Napi::Object exports);
void InitRing(Napi::Env env, Napi::Object exports);
void InitBtf(Napi::Env env, Napi::Object exports);
void InitMachine(Napi::Env env, Napi::Object exports);
void InitChild(Napi::Env env, Napi::Object exports);

} // namespace cilion

void InitFeatures(Napi::Env env, Napi::Object exports);
void InitDelayLine(Napi::Env env, Napi::Object exports);
void InitPacketSocket(Napi::Env env, Napi::Object exports);
