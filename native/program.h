// A loaded BPF program as a JavaScript object. It owns a descriptor of its own, so it outlives its object.
#pragma once

#include "fd.h"

#include <bpf/bpf.h>
#include <napi.h>
#include <string>

namespace cilion
{

class BpfProgram : public Napi::ObjectWrap<BpfProgram>
{
  public:
    static Napi::Function Define(Napi::Env env);
    static Napi::Object Make(Napi::Env env, UniqueFd fd, const std::string &name);

    explicit BpfProgram(const Napi::CallbackInfo &info);

  private:
    Napi::Value GetName(const Napi::CallbackInfo &info);
    Napi::Value GetInfo(const Napi::CallbackInfo &info);
    Napi::Value GetFd(const Napi::CallbackInfo &info);
    Napi::Value Run(const Napi::CallbackInfo &info);
    Napi::Value RunEach(const Napi::CallbackInfo &info);
    void AttachXdp(const Napi::CallbackInfo &info);
    void AttachTc(const Napi::CallbackInfo &info);
    void Pin(const Napi::CallbackInfo &info);

    UniqueFd fd_;
    std::string name_;
    bpf_prog_info info_ = {};
};

} // namespace cilion
