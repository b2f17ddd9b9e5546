#include "delay_line.h"

#include "args.h"
#include "error.h"
#include "wire_capture.h"
#include "wire_injector.h"
#include "wire_probe.h"

#include <functional>
#include <memory>
#include <system_error>

namespace
{

using cilion::ThrowErrno;

struct DelayLine {
    DelayLine(const std::string &folder, const std::string &netns)
        : capture(folder), injector(folder, netns, capture)
    {
    }
    cilion::WireCapture capture;
    cilion::WireInjector injector;
};

/// Errors of the system as JavaScript errors with a code.
template <typename Body> auto Guarded(Napi::Env env, Body body)
{
    try {
        return body();
    } catch (const std::system_error &error) {
        std::string what = error.what();
        ThrowErrno(env, error.code().value(), what.substr(0, what.rfind(": ")));
    }
}

Napi::Value Stats(Napi::Env env, DelayLine &line)
{
    auto stats = line.injector.Stats();
    auto result = Napi::Object::New(env);
    result["cpuNs"] = Napi::Number::New(env, static_cast<double>(stats.cpu_ns));
    result["wakeups"] = Napi::Number::New(env, static_cast<double>(stats.wakeups));
    result["batches"] = Napi::Number::New(env, static_cast<double>(stats.batches));
    result["frames"] = Napi::Number::New(env, static_cast<double>(stats.frames));
    result["errno"] = Napi::Number::New(env, stats.error);
    return result;
}

Napi::Value StopCapture(Napi::Env env, DelayLine &line, uint32_t direction)
{
    auto stopped = Guarded(env, [&] { return line.capture.Stop(direction); });
    auto result = Napi::Object::New(env);
    result["packets"] = Napi::Number::New(env, static_cast<double>(stopped.packets));
    result["errno"] = Napi::Number::New(env, stopped.error);
    return result;
}

/// startDelayLine(folder, netns): the thread runs until stop() or the end of the process.
Napi::Value StartDelayLine(const Napi::CallbackInfo &info)
{
    Napi::Env env = info.Env();
    std::string folder = cilion::StringOf(info[0], "folder");
    std::string netns = cilion::StringOf(info[1], "netns");
    auto line = Guarded(env, [&] { return std::make_shared<DelayLine>(folder, netns); });

    auto handle = Napi::Object::New(env);
    auto method = [&](const char *name, std::function<Napi::Value(const Napi::CallbackInfo &)> body) {
        handle[name] = Napi::Function::New(env, std::move(body), name);
    };
    method("stats", [line](const Napi::CallbackInfo &call) { return Stats(call.Env(), *line); });
    method("startCapture", [line](const Napi::CallbackInfo &call) -> Napi::Value {
        uint32_t direction = cilion::Uint32Of(call[0], "direction");
        std::string path = cilion::StringOf(call[1], "path");
        uint32_t snap_length = cilion::Uint32Of(call[2], "snapLength");
        Guarded(call.Env(), [&] { line->capture.Start(direction, path, snap_length); });
        return call.Env().Undefined();
    });
    method("stopCapture", [line](const Napi::CallbackInfo &call) {
        return StopCapture(call.Env(), *line, cilion::Uint32Of(call[0], "direction"));
    });
    method("stop", [line](const Napi::CallbackInfo &call) -> Napi::Value {
        line->injector.Stop();
        return call.Env().Undefined();
    });
    return handle;
}

} // namespace

void InitDelayLine(Napi::Env env, Napi::Object exports)
{
    exports["startDelayLine"] = Napi::Function::New(env, StartDelayLine, "startDelayLine");
    InitWireProbe(env, exports);
}
