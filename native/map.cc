#include "map.h"

#include "addon.h"
#include "args.h"
#include "netns.h"

#include <bpf/libbpf.h>
#include <cerrno>
#include <cstring>
#include <set>
#include <sys/mman.h>
#include <vector>

namespace cilion
{
namespace
{

constexpr int kEnotsupp = 524; // see error.cc

size_t RoundUp(size_t size, size_t unit)
{
    return (size + unit - 1) / unit * unit;
}

uint64_t FlagOf(const Napi::Value &value)
{
    std::string flag = OptionalStringOf(value, "flag").value_or("any");
    if (flag == "any")
        return BPF_ANY;
    if (flag == "noexist")
        return BPF_NOEXIST;
    if (flag == "exist")
        return BPF_EXIST;
    ThrowType(value.Env(), "flag \"" + flag + "\" is none of any, noexist, exist");
}

/// One system call for many entries, and where the map's type has none for that, one for each. Stops at the
/// first error and returns it; `done` are the entries before it.
template <class Many, class Each> int InBatch(uint32_t count, uint32_t &done, Many many, Each each)
{
    done = count;
    if (!many(&done))
        return 0;
    int err = errno;
    if (err != kEnotsupp) {
        // Not all were: kernels before 6.8 leave the count as it was when they fail before the first.
        if (done == count)
            done = 0;
        return err;
    }
    for (done = 0; done < count; done++)
        if (each(done))
            return errno;
    return 0;
}

std::string PartOf(uint32_t done, uint32_t count, const char *what)
{
    return ", " + std::to_string(done) + " of " + std::to_string(count) + " entries " + what;
}

} // namespace

Napi::Function BpfMap::Define(Napi::Env env)
{
    return DefineClass(env, "BpfMap",
                       {
                           InstanceAccessor<&BpfMap::GetInfo>("info"),
                           InstanceMethod<&BpfMap::Lookup>("lookup"),
                           InstanceMethod<&BpfMap::LookupPerCpu>("lookupPerCpu"),
                           InstanceMethod<&BpfMap::Update>("update"),
                           InstanceMethod<&BpfMap::UpdateBatch>("updateBatch"),
                           InstanceMethod<&BpfMap::Delete>("delete"),
                           InstanceMethod<&BpfMap::DeleteBatch>("deleteBatch"),
                           InstanceMethod<&BpfMap::Keys>("keys"),
                           InstanceMethod<&BpfMap::Pin>("pin"),
                           InstanceMethod<&BpfMap::Mmap>("mmap"),
                           InstanceMethod<&BpfMap::Close>("close"),
                       });
}

Napi::Object BpfMap::Make(Napi::Env env, UniqueFd fd, const std::optional<std::string> &name)
{
    bpf_map_info info = {};
    uint32_t length = sizeof(info);
    if (bpf_obj_get_info_by_fd(fd.get(), &info, &length))
        ThrowErrno(env, errno, "read map info" + (name ? " of " + *name : ""));
    int cpus = libbpf_num_possible_cpus();
    if (cpus < 0)
        ThrowErrno(env, cpus, "count possible CPUs");

    Napi::Object object = DataOf(env).map.New({});
    BpfMap *map = Unwrap(object);
    map->fd_ = std::move(fd);
    map->info_ = info;
    map->name_ = name.value_or(info.name);
    map->cpus_ = static_cast<size_t>(cpus);
    return object;
}

BpfMap *BpfMap::From(const Napi::Value &value)
{
    if (!value.IsObject() || !value.As<Napi::Object>().InstanceOf(DataOf(value.Env()).map.Value()))
        ThrowType(value.Env(), "map must be a BpfMap");
    return Unwrap(value.As<Napi::Object>());
}

BpfMap::BpfMap(const Napi::CallbackInfo &info) : Napi::ObjectWrap<BpfMap>(info) {}

int BpfMap::Fd() const
{
    if (!fd_.valid())
        ThrowErrno(Env(), EBADF, "map " + name_ + " is closed");
    return fd_.get();
}

bool BpfMap::PerCpu() const
{
    switch (info_.type) {
    case BPF_MAP_TYPE_PERCPU_HASH:
    case BPF_MAP_TYPE_PERCPU_ARRAY:
    case BPF_MAP_TYPE_LRU_PERCPU_HASH:
    case BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE:
        return true;
    default:
        return false;
    }
}

size_t BpfMap::TransferSize() const
{
    return PerCpu() ? RoundUp(info_.value_size, 8) * cpus_ : info_.value_size;
}

void BpfMap::Spread(const uint8_t *value, uint8_t *out) const
{
    size_t copies = PerCpu() ? cpus_ : 1;
    for (size_t cpu = 0; cpu < copies; cpu++)
        memcpy(out + cpu * RoundUp(info_.value_size, 8), value, info_.value_size);
}

std::string BpfMap::What(const char *action) const
{
    return std::string(action) + " map " + name_;
}

Napi::Value BpfMap::GetInfo(const Napi::CallbackInfo &info)
{
    Napi::Object result = Napi::Object::New(info.Env());
    result.Set("name", name_);
    result.Set("id", info_.id);
    result.Set("type", info_.type);
    result.Set("keySize", info_.key_size);
    result.Set("valueSize", info_.value_size);
    result.Set("maxEntries", info_.max_entries);
    return result;
}

Napi::Value BpfMap::Lookup(const Napi::CallbackInfo &info)
{
    Napi::Env env = info.Env();
    if (PerCpu())
        ThrowType(env, "map " + name_ + " has a value for each CPU: use lookupPerCpu");
    Bytes key = BytesOf(info[0], "key", info_.key_size);
    LogScope scope;
    auto value = Napi::Uint8Array::New(env, info_.value_size);
    if (!bpf_map_lookup_elem(Fd(), key.data(), value.Data()))
        return value;
    if (errno != ENOENT)
        ThrowErrno(env, errno, What("look up in"));
    return env.Undefined();
}

Napi::Value BpfMap::LookupPerCpu(const Napi::CallbackInfo &info)
{
    Napi::Env env = info.Env();
    if (!PerCpu())
        ThrowType(env, "map " + name_ + " has one value for all CPUs: use lookup");
    Bytes key = BytesOf(info[0], "key", info_.key_size);
    LogScope scope;
    std::vector<uint8_t> values(TransferSize());
    if (bpf_map_lookup_elem(Fd(), key.data(), values.data())) {
        if (errno != ENOENT)
            ThrowErrno(env, errno, What("look up in"));
        return env.Undefined();
    }
    auto result = Napi::Array::New(env, cpus_);
    for (size_t cpu = 0; cpu < cpus_; cpu++)
        result.Set(cpu, CopyBytes(env, &values[cpu * RoundUp(info_.value_size, 8)], info_.value_size));
    return result;
}

void BpfMap::Update(const Napi::CallbackInfo &info)
{
    Napi::Env env = info.Env();
    Bytes key = BytesOf(info[0], "key", info_.key_size);
    Bytes value = BytesOf(info[1], "value", info_.value_size);
    uint64_t flag = FlagOf(info[2]);
    auto netns = OptionalStringOf(info[3], "netns");
    LogScope scope;
    std::vector<uint8_t> spread(TransferSize());
    Spread(value.data(), spread.data());
    NetnsScope inside(env, netns);
    if (bpf_map_update_elem(Fd(), key.data(), spread.data(), flag))
        ThrowErrno(env, errno, What("update"));
}

void BpfMap::UpdateBatch(const Napi::CallbackInfo &info)
{
    Napi::Env env = info.Env();
    uint32_t count = Uint32Of(info[2], "count");
    Bytes keys = BytesOf(info[0], "keys", size_t{count} * info_.key_size);
    Bytes values = BytesOf(info[1], "values", size_t{count} * info_.value_size);
    if (count == 0)
        return;
    LogScope scope;
    std::vector<uint8_t> spread(count * TransferSize());
    for (size_t i = 0; i < count; i++)
        Spread(&values[i * info_.value_size], &spread[i * TransferSize()]);

    uint32_t done;
    int err = InBatch(
        count, done,
        [&](uint32_t *told) { return bpf_map_update_batch(Fd(), keys.data(), spread.data(), told, nullptr); },
        [&](size_t i) {
            return bpf_map_update_elem(Fd(), &keys[i * info_.key_size], &spread[i * TransferSize()], BPF_ANY);
        });
    if (err != 0)
        ThrowErrno(env, err, What("update") + PartOf(done, count, "written"));
}

Napi::Value BpfMap::DeleteBatch(const Napi::CallbackInfo &info)
{
    Napi::Env env = info.Env();
    uint32_t count = Uint32Of(info[1], "count");
    Bytes keys = BytesOf(info[0], "keys", size_t{count} * info_.key_size);
    LogScope scope;
    uint32_t found = 0;
    for (uint32_t next = 0; next < count;) {
        Bytes rest = keys.subspan(size_t{next} * info_.key_size);
        uint32_t done;
        int err = InBatch(
            count - next, done,
            [&](uint32_t *told) { return bpf_map_delete_batch(Fd(), rest.data(), told, nullptr); },
            [&](size_t i) { return bpf_map_delete_elem(Fd(), &rest[i * info_.key_size]); });
        found += done;
        next += done;
        // It stops at a key that is not there: nothing is to be done for that one.
        if (err == ENOENT)
            next++;
        else if (err != 0)
            ThrowErrno(env, err, What("delete from") + PartOf(next, count, "gone"));
    }
    return Napi::Number::New(env, found);
}

Napi::Value BpfMap::Delete(const Napi::CallbackInfo &info)
{
    Napi::Env env = info.Env();
    Bytes key = BytesOf(info[0], "key", info_.key_size);
    LogScope scope;
    int err = bpf_map_delete_elem(Fd(), key.data()) ? errno : 0;
    if (err != 0 && err != ENOENT)
        ThrowErrno(env, err, What("delete from"));
    return Napi::Boolean::New(env, err == 0);
}

Napi::Value BpfMap::Keys(const Napi::CallbackInfo &info)
{
    Napi::Env env = info.Env();
    LogScope scope;
    // When the previous key has just been deleted the kernel starts over, so keys can come twice.
    std::set<std::vector<uint8_t>> keys;
    std::vector<uint8_t> key(info_.key_size);
    const void *previous = nullptr;
    std::vector<uint8_t> next(info_.key_size);
    for (uint64_t steps = 0; !bpf_map_get_next_key(Fd(), previous, next.data()); steps++) {
        if (steps > uint64_t{info_.max_entries} * 8)
            ThrowErrno(env, EAGAIN, What("list keys of") + ", which changes too fast");
        key = next;
        previous = key.data();
        keys.insert(key);
    }
    if (errno != ENOENT)
        ThrowErrno(env, errno, What("list keys of"));
    auto result = Napi::Array::New(env, keys.size());
    uint32_t index = 0;
    for (const auto &found : keys)
        result.Set(index++, CopyBytes(env, found.data(), found.size()));
    return result;
}

void BpfMap::Pin(const Napi::CallbackInfo &info)
{
    std::string path = StringOf(info[0], "path");
    LogScope scope;
    if (bpf_obj_pin(Fd(), path.c_str()))
        ThrowErrno(info.Env(), errno, What("pin") + " at " + path);
}

Napi::Value BpfMap::Mmap(const Napi::CallbackInfo &info)
{
    Napi::Env env = info.Env();
    LogScope scope;
    size_t size = RoundUp(info_.value_size, 8) * info_.max_entries;
    void *memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, Fd(), 0);
    if (memory == MAP_FAILED)
        ThrowErrno(env, errno, What("map into memory"));
    return Napi::ArrayBuffer::New(env, memory, size, [size](Napi::Env, void *data) { munmap(data, size); });
}

void BpfMap::Close(const Napi::CallbackInfo &)
{
    fd_.Close();
}

namespace
{

Napi::Value OpenPinnedMap(const Napi::CallbackInfo &info)
{
    std::string path = StringOf(info[0], "path");
    LogScope scope;
    UniqueFd fd(bpf_obj_get(path.c_str()));
    if (!fd.valid())
        ThrowErrno(info.Env(), errno, "open pinned map " + path);
    return BpfMap::Make(info.Env(), std::move(fd), std::nullopt);
}

} // namespace

void InitMap(Napi::Env env, Napi::Object exports)
{
    DataOf(env).map = Napi::Persistent(BpfMap::Define(env));
    exports.Set("openPinnedMap", Napi::Function::New(env, OpenPinnedMap, "openPinnedMap"));
}

} // namespace cilion
