// What the machine offers: the BPF file system, the clock that BPF programs read, the number of CPUs.
#include "addon.h"
#include "args.h"

#include <bpf/libbpf.h>
#include <cerrno>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <ctime>

namespace cilion
{
namespace
{

/// Makes the folder and mounts a BPF file system there, unless one is there: a second on top would hide its
/// pins.
void MountBpffs(const Napi::CallbackInfo &info)
{
    Napi::Env env = info.Env();
    std::string path = StringOf(info[0], "path");
    LogScope scope;
    if (mkdir(path.c_str(), 0700) && errno != EEXIST)
        ThrowErrno(env, errno, "mkdir " + path);
    struct statfs fs = {};
    if (statfs(path.c_str(), &fs))
        ThrowErrno(env, errno, "statfs " + path);
    if (fs.f_type == BPF_FS_MAGIC)
        return;
    if (mount("bpf", path.c_str(), "bpf", 0, "mode=0700"))
        ThrowErrno(env, errno, "mount bpf file system at " + path);
}

void Unmount(const Napi::CallbackInfo &info)
{
    std::string path = StringOf(info[0], "path");
    LogScope scope;
    if (umount2(path.c_str(), UMOUNT_NOFOLLOW))
        ThrowErrno(info.Env(), errno, "unmount " + path);
}

Napi::Value MonotonicNs(const Napi::CallbackInfo &info)
{
    struct timespec now = {};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return Napi::BigInt::New(info.Env(), static_cast<uint64_t>(now.tv_sec) * 1'000'000'000u +
                                             static_cast<uint64_t>(now.tv_nsec));
}

Napi::Value PossibleCpus(const Napi::CallbackInfo &info)
{
    LogScope scope;
    int count = libbpf_num_possible_cpus();
    if (count < 0)
        ThrowErrno(info.Env(), count, "count possible CPUs");
    return Napi::Number::New(info.Env(), count);
}

} // namespace

void InitMachine(Napi::Env env, Napi::Object exports)
{
    exports.Set("mountBpffs", Napi::Function::New(env, MountBpffs, "mountBpffs"));
    exports.Set("unmount", Napi::Function::New(env, Unmount, "unmount"));
    exports.Set("monotonicNs", Napi::Function::New(env, MonotonicNs, "monotonicNs"));
    exports.Set("possibleCpus", Napi::Function::New(env, PossibleCpus, "possibleCpus"));
}

} // namespace cilion
