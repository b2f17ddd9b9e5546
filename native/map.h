// A BPF map as a JavaScript object. It owns a descriptor of its own, so it outlives the object it came from.
#pragma once

#include "fd.h"

#include <bpf/bpf.h>
#include <napi.h>
#include <optional>
#include <string>

namespace cilion
{

class BpfMap : public Napi::ObjectWrap<BpfMap>
{
  public:
    static Napi::Function Define(Napi::Env env);
    /// `name` where the caller knows it in full; the kernel keeps 15 characters.
    static Napi::Object Make(Napi::Env env, UniqueFd fd, const std::optional<std::string> &name);
    /// The map behind a value; TypeError when it is none.
    static BpfMap *From(const Napi::Value &value);

    explicit BpfMap(const Napi::CallbackInfo &info);

    /// Throws when the map is closed.
    int Fd() const;
    const bpf_map_info &Info() const { return info_; }
    const std::string &Name() const { return name_; }

  private:
    Napi::Value GetInfo(const Napi::CallbackInfo &info);
    Napi::Value Lookup(const Napi::CallbackInfo &info);
    Napi::Value LookupPerCpu(const Napi::CallbackInfo &info);
    void Update(const Napi::CallbackInfo &info);
    void UpdateBatch(const Napi::CallbackInfo &info);
    Napi::Value Delete(const Napi::CallbackInfo &info);
    Napi::Value DeleteBatch(const Napi::CallbackInfo &info);
    Napi::Value Keys(const Napi::CallbackInfo &info);
    void Pin(const Napi::CallbackInfo &info);
    Napi::Value Mmap(const Napi::CallbackInfo &info);
    void Close(const Napi::CallbackInfo &info);

    bool PerCpu() const;
    /// Bytes of a value as bpf(2) takes it: for per-CPU maps each CPU's, padded to 8.
    size_t TransferSize() const;
    /// One value as bpf(2) takes it: on per-CPU maps every CPU gets it.
    void Spread(const uint8_t *value, uint8_t *out) const;
    std::string What(const char *action) const;

    UniqueFd fd_;
    bpf_map_info info_ = {};
    std::string name_;
    size_t cpus_ = 1;
};

} // namespace cilion
