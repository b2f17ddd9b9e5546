// Reading BPF ring buffers. The caller decides when: `poll` takes what is there and never waits.
#include "addon.h"
#include "args.h"
#include "map.h"

#include <bpf/libbpf.h>
#include <cerrno>
#include <memory>
#include <optional>

namespace cilion
{
namespace
{

struct Ring {
    explicit Ring(Napi::Function callback) : onRecord(Napi::Persistent(callback)) {}
    ~Ring() { ring_buffer__free(buffer); }
    Ring(const Ring &) = delete;
    Ring &operator=(const Ring &) = delete;

    ring_buffer *buffer = nullptr;
    /// libbpf is reading; its callback may neither read again nor close.
    bool polling = false;
    Napi::FunctionReference onRecord;
    /// What the callback threw; it must not unwind through libbpf's frames.
    std::optional<Napi::Error> thrown;
};

int Deliver(void *context, void *data, size_t size)
{
    auto *ring = static_cast<Ring *>(context);
    Napi::Env env = ring->onRecord.Env();
    Napi::HandleScope scope(env);
    try {
        ring->onRecord.Call({CopyBytes(env, data, size)});
        return 0;
    } catch (const Napi::Error &error) {
        ring->thrown = error;
        return -ECANCELED;
    }
}

void RefuseWhilePolling(Napi::Env env, const Ring &ring)
{
    if (ring.polling)
        ThrowErrno(env, EBUSY, "ring buffer is being read by the caller of this callback");
}

Napi::Value Poll(Napi::Env env, Ring &ring)
{
    if (!ring.buffer)
        ThrowErrno(env, EBADF, "ring buffer is closed");
    RefuseWhilePolling(env, ring);
    LogScope scope;
    ring.polling = true;
    int count = ring_buffer__consume(ring.buffer);
    ring.polling = false;
    if (ring.thrown) {
        Napi::Error error = *ring.thrown;
        ring.thrown.reset();
        throw error;
    }
    if (count < 0)
        ThrowErrno(env, count, "read ring buffer");
    return Napi::Number::New(env, count);
}

Napi::Value OpenRing(const Napi::CallbackInfo &info)
{
    Napi::Env env = info.Env();
    BpfMap *map = BpfMap::From(info[0]);
    if (!info[1].IsFunction())
        ThrowType(env, "onRecord must be a function");
    LogScope scope;
    auto ring = std::make_shared<Ring>(info[1].As<Napi::Function>());
    ring->buffer = ring_buffer__new(map->Fd(), Deliver, ring.get(), nullptr);
    if (!ring->buffer)
        ThrowErrno(env, errno, "open ring buffer " + map->Name());

    Napi::Object result = Napi::Object::New(env);
    auto poll = [ring](const Napi::CallbackInfo &call) { return Poll(call.Env(), *ring); };
    auto close = [ring](const Napi::CallbackInfo &call) {
        RefuseWhilePolling(call.Env(), *ring);
        ring_buffer__free(ring->buffer);
        ring->buffer = nullptr;
    };
    result.Set("poll", Napi::Function::New(env, poll, "poll"));
    result.Set("close", Napi::Function::New(env, close, "close"));
    return result;
}

} // namespace

void InitRing(Napi::Env env, Napi::Object exports)
{
    exports.Set("openRing", Napi::Function::New(env, OpenRing, "openRing"));
}

} // namespace cilion
