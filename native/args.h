// Arguments of JavaScript calls, checked; and bytes handed back.
#pragma once

#include "error.h"

#include <cstdint>
#include <napi.h>
#include <optional>
#include <span>
#include <string>

namespace cilion
{

using Bytes = std::span<uint8_t>;
using Words = std::span<uint32_t>;

inline Bytes BytesOf(const Napi::Value &value, const char *name)
{
    if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array)
        ThrowType(value.Env(), std::string(name) + " must be a Uint8Array");
    auto array = value.As<Napi::Uint8Array>();
    return {array.Data(), array.ByteLength()};
}

inline Bytes BytesOf(const Napi::Value &value, const char *name, size_t length)
{
    Bytes bytes = BytesOf(value, name);
    if (bytes.size() != length)
        ThrowType(value.Env(), std::string(name) + " has " + std::to_string(bytes.size()) +
                                   " bytes, expected " + std::to_string(length));
    return bytes;
}

inline Words WordsOf(const Napi::Value &value, const char *name)
{
    if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint32_array)
        ThrowType(value.Env(), std::string(name) + " must be a Uint32Array");
    auto array = value.As<Napi::Uint32Array>();
    return {array.Data(), array.ElementLength()};
}

inline std::string StringOf(const Napi::Value &value, const char *name)
{
    if (!value.IsString())
        ThrowType(value.Env(), std::string(name) + " must be a string");
    return value.As<Napi::String>().Utf8Value();
}

inline uint32_t Uint32Of(const Napi::Value &value, const char *name)
{
    double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
    if (number < 0 || number > UINT32_MAX || number != static_cast<double>(static_cast<uint32_t>(number)))
        ThrowType(value.Env(), std::string(name) + " must be a whole number from 0 to 4294967295");
    return static_cast<uint32_t>(number);
}

/// An interface index, 1…2^31-1.
inline int IfindexOf(const Napi::Value &value)
{
    uint32_t ifindex = Uint32Of(value, "ifindex");
    if (ifindex == 0 || ifindex > INT32_MAX)
        ThrowType(value.Env(), "ifindex must be from 1 to 2147483647");
    return static_cast<int>(ifindex);
}

inline std::optional<std::string> OptionalStringOf(const Napi::Value &value, const char *name)
{
    if (value.IsUndefined())
        return std::nullopt;
    return StringOf(value, name);
}

inline Napi::Uint8Array CopyBytes(Napi::Env env, const void *data, size_t length)
{
    auto array = Napi::Uint8Array::New(env, length);
    if (length > 0)
        std::copy_n(static_cast<const uint8_t *>(data), length, array.Data());
    return array;
}

inline Napi::Uint32Array CopyWords(Napi::Env env, std::span<const uint32_t> words)
{
    auto array = Napi::Uint32Array::New(env, words.size());
    std::copy(words.begin(), words.end(), array.Data());
    return array;
}

} // namespace cilion
