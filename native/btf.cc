// The structs and enums of an object file, as its BTF describes them.
#include "addon.h"
#include "args.h"

#include <bpf/btf.h>
#include <cerrno>
#include <memory>

namespace cilion
{
namespace
{

struct BtfCloser {
    void operator()(btf *types) const { btf__free(types); }
};

/// A type without typedefs and qualifiers, and the names that it went by on the way.
struct Resolved {
    const btf_type *type;
    std::string typeName;
};

bool IsBigEndianName(const std::string &name)
{
    return name.starts_with("__be");
}

class Reader
{
  public:
    Reader(Napi::Env env, const btf *types) : env_(env), types_(types) {}

    Napi::Object Read()
    {
        Napi::Array structs = Napi::Array::New(env_);
        Napi::Array enums = Napi::Array::New(env_);
        uint32_t count = btf__type_cnt(types_);
        for (uint32_t id = 1; id < count; id++) {
            const btf_type *type = btf__type_by_id(types_, id);
            if (Name(type->name_off).empty())
                continue;
            if (btf_is_struct(type))
                structs.Set(structs.Length(), Struct(type));
            else if (btf_is_any_enum(type))
                enums.Set(enums.Length(), Enum(type));
        }
        Napi::Object result = Napi::Object::New(env_);
        result.Set("structs", structs);
        result.Set("enums", enums);
        return result;
    }

  private:
    std::string Name(uint32_t offset) const { return btf__name_by_offset(types_, offset); }

    /// The first typedef names the type, but `__be32` below another typedef wins: it says the byte order.
    Resolved Resolve(uint32_t id) const
    {
        std::string typeName;
        const btf_type *type = btf__type_by_id(types_, id);
        while (btf_is_mod(type) || btf_is_typedef(type)) {
            if (btf_is_typedef(type)) {
                std::string name = Name(type->name_off);
                if (typeName.empty() || IsBigEndianName(name))
                    typeName = name;
            }
            type = btf__type_by_id(types_, type->type);
        }
        return {type, typeName};
    }

    Napi::Object Struct(const btf_type *type)
    {
        Napi::Array fields = Napi::Array::New(env_);
        for (int i = 0; i < btf_vlen(type); i++)
            fields.Set(static_cast<uint32_t>(i), Field(type, static_cast<uint32_t>(i)));
        Napi::Object result = Napi::Object::New(env_);
        result.Set("name", Name(type->name_off));
        result.Set("size", type->size);
        result.Set("fields", fields);
        return result;
    }

    Napi::Object Field(const btf_type *parent, uint32_t index)
    {
        const btf_member &member = btf_members(parent)[index];
        Resolved resolved = Resolve(member.type);
        uint32_t count = 1;
        bool isArray = btf_is_array(resolved.type);
        while (btf_is_array(resolved.type)) {
            const struct btf_array *array = btf_array(resolved.type);
            count *= array->nelems;
            resolved = Resolve(array->type);
        }
        bool bitfield = btf_member_bitfield_size(parent, index) != 0;
        std::string kind = bitfield ? "opaque" : Kind(resolved.type);
        uint32_t elementSize = Size(resolved.type);

        Napi::Object field = Napi::Object::New(env_);
        field.Set("name", Name(member.name_off));
        field.Set("offset", btf_member_bit_offset(parent, index) / 8);
        field.Set("size", elementSize * count);
        if (isArray && kind == "int" && elementSize == 1)
            kind = "bytes";
        field.Set("kind", kind);
        if (isArray && kind != "bytes")
            field.Set("count", count);
        if (kind == "struct")
            field.Set("type", Name(resolved.type->name_off));
        if (kind == "int")
            DescribeInt(field, resolved);
        return field;
    }

    void DescribeInt(Napi::Object field, const Resolved &resolved)
    {
        if (btf_is_any_enum(resolved.type))
            field.Set("typeName", "enum " + Name(resolved.type->name_off));
        else if (!resolved.typeName.empty())
            field.Set("typeName", resolved.typeName);
        bool isSigned = btf_is_int(resolved.type) ? (btf_int_encoding(resolved.type) & BTF_INT_SIGNED) != 0
                                                  : btf_kflag(resolved.type);
        if (isSigned)
            field.Set("signed", true);
    }

    std::string Kind(const btf_type *type) const
    {
        if ((btf_is_int(type) || btf_is_any_enum(type)) && type->size <= 8)
            return "int";
        if (btf_is_struct(type) && !Name(type->name_off).empty())
            return "struct";
        if (btf_is_union(type))
            return "bytes";
        return "opaque";
    }

    uint32_t Size(const btf_type *type) const
    {
        if (btf_is_ptr(type))
            return static_cast<uint32_t>(btf__pointer_size(types_));
        return type->size;
    }

    Napi::Object Enum(const btf_type *type)
    {
        Napi::Object values = Napi::Object::New(env_);
        for (int i = 0; i < btf_vlen(type); i++) {
            if (btf_is_enum64(type)) {
                const struct btf_enum64 &entry = btf_enum64(type)[i];
                uint64_t value = btf_enum64_value(&entry);
                values.Set(Name(entry.name_off), btf_kflag(type)
                                                     ? static_cast<double>(static_cast<int64_t>(value))
                                                     : static_cast<double>(value));
            } else {
                const struct btf_enum &entry = btf_enum(type)[i];
                values.Set(Name(entry.name_off), btf_kflag(type)
                                                     ? static_cast<double>(entry.val)
                                                     : static_cast<double>(static_cast<uint32_t>(entry.val)));
            }
        }
        Napi::Object result = Napi::Object::New(env_);
        result.Set("name", Name(type->name_off));
        result.Set("values", values);
        return result;
    }

    Napi::Env env_;
    const btf *types_;
};

Napi::Value ReadBtf(const Napi::CallbackInfo &info)
{
    std::string path = StringOf(info[0], "path");
    LogScope scope;
    std::unique_ptr<btf, BtfCloser> types(btf__parse(path.c_str(), nullptr));
    if (!types)
        ThrowErrno(info.Env(), errno, "read BTF of " + path);
    return Reader(info.Env(), types.get()).Read();
}

} // namespace

void InitBtf(Napi::Env env, Napi::Object exports)
{
    exports.Set("readBtf", Napi::Function::New(env, ReadBtf, "readBtf"));
}

} // namespace cilion
