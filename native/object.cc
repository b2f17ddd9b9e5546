// A BPF object file: opened, adjusted, loaded; then the source of maps and programs.
#include "addon.h"
#include "args.h"
#include "map.h"
#include "program.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <cerrno>
#include <fcntl.h>
#include <memory>
#include <vector>

namespace cilion
{
namespace
{

struct ObjectCloser {
    void operator()(bpf_object *object) const { bpf_object__close(object); }
};

class BpfObject : public Napi::ObjectWrap<BpfObject>
{
  public:
    static Napi::Function Define(Napi::Env env)
    {
        return DefineClass(env, "BpfObject",
                           {
                               InstanceMethod<&BpfObject::SetGlobal>("setGlobal"),
                               InstanceMethod<&BpfObject::SetMaxEntries>("setMaxEntries"),
                               InstanceMethod<&BpfObject::ReuseMap>("reuseMap"),
                               InstanceMethod<&BpfObject::Load>("load"),
                               InstanceMethod<&BpfObject::Map>("map"),
                               InstanceMethod<&BpfObject::Program>("program"),
                               InstanceAccessor<&BpfObject::ProgramNames>("programNames"),
                               InstanceAccessor<&BpfObject::MapNames>("mapNames"),
                               InstanceMethod<&BpfObject::Close>("close"),
                           });
    }

    explicit BpfObject(const Napi::CallbackInfo &info)
        : Napi::ObjectWrap<BpfObject>(info), path_(StringOf(info[0], "path"))
    {
        LogScope scope;
        object_.reset(bpf_object__open_file(path_.c_str(), nullptr));
        if (!object_)
            ThrowErrno(info.Env(), errno, "open BPF object " + path_);
    }

  private:
    bpf_object *Opened()
    {
        if (!object_)
            ThrowErrno(Env(), EBADF, "BPF object " + path_ + " is closed");
        return object_.get();
    }

    bpf_object *BeforeLoad()
    {
        bpf_object *object = Opened();
        if (loaded_)
            ThrowErrno(Env(), EBUSY, "BPF object " + path_ + " is loaded: too late to change it");
        return object;
    }

    bpf_object *Loaded()
    {
        bpf_object *object = Opened();
        if (!loaded_)
            ThrowErrno(Env(), EBADF, "BPF object " + path_ + " is not loaded");
        return object;
    }

    bpf_map *FindMap(bpf_object *object, const std::string &name)
    {
        bpf_map *map = bpf_object__find_map_by_name(object, name.c_str());
        if (!map)
            ThrowErrno(Env(), ENOENT, "no map " + name + " in " + path_);
        return map;
    }

    UniqueFd Duplicate(int fd, const std::string &name)
    {
        UniqueFd copy(fcntl(fd, F_DUPFD_CLOEXEC, 0));
        if (!copy.valid())
            ThrowErrno(Env(), errno, "duplicate descriptor of " + name);
        return copy;
    }

    /// A global variable and the map (`.rodata`, `.data`, `.bss`) that holds it.
    struct Global {
        bpf_map *map;
        btf_var_secinfo place;
    };

    Global FindGlobal(bpf_object *object, const std::string &name)
    {
        const btf *types = bpf_object__btf(object);
        uint32_t count = types ? btf__type_cnt(types) : 0;
        for (uint32_t id = 1; id < count; id++) {
            const btf_type *section = btf__type_by_id(types, id);
            if (!btf_is_datasec(section))
                continue;
            const btf_var_secinfo *variables = btf_var_secinfos(section);
            for (int i = 0; i < btf_vlen(section); i++) {
                const btf_type *variable = btf__type_by_id(types, variables[i].type);
                if (name != btf__name_by_offset(types, variable->name_off))
                    continue;
                const char *sectionName = btf__name_by_offset(types, section->name_off);
                return {FindMap(object, sectionName), variables[i]};
            }
        }
        ThrowErrno(Env(), ENOENT, "no global variable " + name + " in " + path_);
    }

    void SetGlobal(const Napi::CallbackInfo &info)
    {
        std::string name = StringOf(info[0], "name");
        LogScope scope;
        Global global = FindGlobal(BeforeLoad(), name);
        Bytes value = BytesOf(info[1], name.c_str(), global.place.size);
        size_t size = 0;
        auto *initial = static_cast<const uint8_t *>(bpf_map__initial_value(global.map, &size));
        if (!initial || size_t{global.place.offset} + global.place.size > size)
            ThrowErrno(info.Env(), EINVAL,
                       "global variable " + name + " of " + path_ + " has no initial value");
        std::vector<uint8_t> section(initial, initial + size);
        std::copy(value.begin(), value.end(), section.begin() + global.place.offset);
        if (int err = bpf_map__set_initial_value(global.map, section.data(), size))
            ThrowErrno(info.Env(), err, "set global variable " + name);
    }

    void SetMaxEntries(const Napi::CallbackInfo &info)
    {
        std::string name = StringOf(info[0], "map");
        uint32_t entries = Uint32Of(info[1], "entries");
        LogScope scope;
        if (int err = bpf_map__set_max_entries(FindMap(BeforeLoad(), name), entries))
            ThrowErrno(info.Env(), err, "set entries of map " + name);
    }

    void ReuseMap(const Napi::CallbackInfo &info)
    {
        std::string name = StringOf(info[0], "name");
        BpfMap *other = BpfMap::From(info[1]);
        LogScope scope;
        bpf_map *map = FindMap(BeforeLoad(), name);
        const bpf_map_info &has = other->Info();
        // libbpf would take the other map's shape in silence, and the program would read past what it
        // expects.
        if (has.type != bpf_map__type(map) || has.key_size != bpf_map__key_size(map) ||
            has.value_size != bpf_map__value_size(map))
            ThrowErrno(info.Env(), EINVAL,
                       "map " + name + " in " + path_ + " differs in type, key or value size from map " +
                           other->Name());
        if (int err = bpf_map__reuse_fd(map, other->Fd()))
            ThrowErrno(info.Env(), err, "reuse map " + other->Name() + " as " + name);
    }

    void Load(const Napi::CallbackInfo &info)
    {
        LogScope scope;
        if (int err = bpf_object__load(BeforeLoad()))
            ThrowErrno(info.Env(), err, "load BPF object " + path_);
        loaded_ = true;
    }

    Napi::Value Map(const Napi::CallbackInfo &info)
    {
        std::string name = StringOf(info[0], "name");
        LogScope scope;
        bpf_map *map = FindMap(Loaded(), name);
        return BpfMap::Make(info.Env(), Duplicate(bpf_map__fd(map), name), name);
    }

    Napi::Value Program(const Napi::CallbackInfo &info)
    {
        std::string name = StringOf(info[0], "name");
        LogScope scope;
        bpf_program *program = bpf_object__find_program_by_name(Loaded(), name.c_str());
        if (!program)
            ThrowErrno(info.Env(), ENOENT, "no program " + name + " in " + path_);
        return BpfProgram::Make(info.Env(), Duplicate(bpf_program__fd(program), name), name);
    }

    Napi::Value ProgramNames(const Napi::CallbackInfo &info)
    {
        Napi::Array names = Napi::Array::New(info.Env());
        bpf_program *program;
        bpf_object__for_each_program(program, Opened()) names.Set(names.Length(), bpf_program__name(program));
        return names;
    }

    Napi::Value MapNames(const Napi::CallbackInfo &info)
    {
        Napi::Array names = Napi::Array::New(info.Env());
        bpf_map *map;
        bpf_object__for_each_map(map, Opened()) names.Set(names.Length(), bpf_map__name(map));
        return names;
    }

    void Close(const Napi::CallbackInfo &) { object_.reset(); }

    std::string path_;
    std::unique_ptr<bpf_object, ObjectCloser> object_;
    bool loaded_ = false;
};

Napi::Value OpenObject(const Napi::CallbackInfo &info)
{
    return DataOf(info.Env()).object.New({info[0]});
}

} // namespace

void InitObject(Napi::Env env, Napi::Object exports)
{
    DataOf(env).object = Napi::Persistent(BpfObject::Define(env));
    exports.Set("openObject", Napi::Function::New(env, OpenObject, "openObject"));
}

} // namespace cilion
