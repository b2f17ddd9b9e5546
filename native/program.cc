#include "program.h"

#include "addon.h"
#include "args.h"
#include "attach.h"
#include "netns.h"

#include <cerrno>
#include <csignal>
#include <linux/bpf.h>
#include <numeric>
#include <vector>

namespace cilion
{
namespace
{

// Room for what a program may add to its packet; the kernel allows less than this for a linear skb or a
// frame.
constexpr size_t kGrowth = 4096;

/// Keeps signals off this thread (another one takes them). A signal would end a run early with EINTR, and the
/// kernel does not say how many repetitions it had done, so what remains could not be known.
class SignalsBlocked
{
  public:
    SignalsBlocked()
    {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, &before_);
    }
    ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    SignalsBlocked(const SignalsBlocked &) = delete;
    SignalsBlocked &operator=(const SignalsBlocked &) = delete;

  private:
    sigset_t before_;
};

} // namespace

Napi::Function BpfProgram::Define(Napi::Env env)
{
    return DefineClass(env, "BpfProgram",
                       {
                           InstanceAccessor<&BpfProgram::GetName>("name"),
                           InstanceAccessor<&BpfProgram::GetInfo>("info"),
                           InstanceAccessor<&BpfProgram::GetFd>("fd"),
                           InstanceMethod<&BpfProgram::Run>("run"),
                           InstanceMethod<&BpfProgram::RunEach>("runEach"),
                           InstanceMethod<&BpfProgram::AttachXdp>("attachXdp"),
                           InstanceMethod<&BpfProgram::AttachTc>("attachTc"),
                           InstanceMethod<&BpfProgram::Pin>("pin"),
                       });
}

Napi::Object BpfProgram::Make(Napi::Env env, UniqueFd fd, const std::string &name)
{
    bpf_prog_info info = {};
    uint32_t length = sizeof(info);
    if (bpf_obj_get_info_by_fd(fd.get(), &info, &length))
        ThrowErrno(env, errno, "read info of program " + name);
    Napi::Object object = DataOf(env).program.New({});
    BpfProgram *program = Unwrap(object);
    program->fd_ = std::move(fd);
    program->name_ = name;
    program->info_ = info;
    return object;
}

BpfProgram::BpfProgram(const Napi::CallbackInfo &info) : Napi::ObjectWrap<BpfProgram>(info) {}

Napi::Value BpfProgram::GetName(const Napi::CallbackInfo &info)
{
    return Napi::String::New(info.Env(), name_);
}

Napi::Value BpfProgram::GetInfo(const Napi::CallbackInfo &info)
{
    Napi::Object result = Napi::Object::New(info.Env());
    result.Set("id", info_.id);
    result.Set("jitedBytes", info_.jited_prog_len);
    result.Set("verifiedInstructions", info_.verified_insns);
    return result;
}

Napi::Value BpfProgram::GetFd(const Napi::CallbackInfo &info)
{
    return Napi::Number::New(info.Env(), fd_.get());
}

Napi::Value BpfProgram::Run(const Napi::CallbackInfo &info)
{
    Napi::Env env = info.Env();
    if (!info[0].IsObject())
        ThrowType(env, "options must be an object");
    auto options = info[0].As<Napi::Object>();
    Bytes data = BytesOf(options.Get("data"), "data");
    Napi::Value ctxValue = options.Get("ctx");
    Bytes ctx = ctxValue.IsUndefined() ? Bytes{} : BytesOf(ctxValue, "ctx");
    Napi::Value repeatValue = options.Get("repeat");
    uint32_t repeat = repeatValue.IsUndefined() ? 1 : Uint32Of(repeatValue, "repeat");
    if (repeat < 1 || repeat > INT32_MAX)
        ThrowType(env, "repeat must be from 1 to 2147483647");
    bool live = options.Get("liveFrames").ToBoolean();
    Napi::Value batchValue = options.Get("batchSize");
    auto netns = OptionalStringOf(options.Get("netns"), "netns");

    // Live frames leave through devices: there is no output to return, and the kernel refuses to be asked for
    // any.
    // A syscall program has no packet: the kernel takes a context and nothing else.
    bool call = info_.type == BPF_PROG_TYPE_SYSCALL;
    std::vector<uint8_t> dataOut(live || call ? 0 : data.size() + kGrowth);
    std::vector<uint8_t> ctxOut(live || call ? 0 : ctx.size());
    LIBBPF_OPTS(bpf_test_run_opts, run);
    run.data_in = data.data();
    run.data_size_in = static_cast<uint32_t>(data.size());
    run.data_out = dataOut.empty() ? nullptr : dataOut.data();
    run.data_size_out = static_cast<uint32_t>(dataOut.size());
    run.ctx_in = ctx.empty() ? nullptr : ctx.data();
    run.ctx_size_in = static_cast<uint32_t>(ctx.size());
    run.ctx_out = ctxOut.empty() ? nullptr : ctxOut.data();
    run.ctx_size_out = static_cast<uint32_t>(ctxOut.size());
    run.repeat = call ? 0 : static_cast<int>(repeat);
    run.flags = live ? BPF_F_TEST_XDP_LIVE_FRAMES : 0;
    run.batch_size = batchValue.IsUndefined() ? 0 : Uint32Of(batchValue, "batchSize");

    LogScope scope;
    int err;
    {
        NetnsScope inside(env, netns);
        SignalsBlocked quiet;
        err = bpf_prog_test_run_opts(fd_.get(), &run) ? errno : 0;
    }
    if (err)
        ThrowErrno(env, err, "run program " + name_);

    Napi::Object result = Napi::Object::New(env);
    result.Set("retval", run.retval);
    result.Set("durationNs", run.duration);
    result.Set("data", CopyBytes(env, dataOut.data(), dataOut.empty() ? 0 : run.data_size_out));
    result.Set("ctx", CopyBytes(env, ctxOut.data(), ctxOut.size()));
    return result;
}

Napi::Value BpfProgram::RunEach(const Napi::CallbackInfo &info)
{
    Napi::Env env = info.Env();
    if (!info[0].IsObject())
        ThrowType(env, "options must be an object");
    auto options = info[0].As<Napi::Object>();
    Bytes data = BytesOf(options.Get("data"), "data");
    Words lengths = WordsOf(options.Get("lengths"), "lengths");
    Napi::Value ctxValue = options.Get("ctx");
    Bytes ctx = ctxValue.IsUndefined() ? Bytes{} : BytesOf(ctxValue, "ctx");
    auto netns = OptionalStringOf(options.Get("netns"), "netns");
    if (std::accumulate(lengths.begin(), lengths.end(), size_t{0}) != data.size())
        ThrowType(env, "lengths must add up to the length of data");

    std::vector<uint8_t> out;
    std::vector<uint32_t> retvals, outLengths;
    out.reserve(data.size() + lengths.size() * 128);
    LogScope scope;
    NetnsScope inside(env, netns);
    SignalsBlocked quiet;
    size_t at = 0;
    for (uint32_t length : lengths) {
        size_t start = out.size();
        out.resize(start + length + kGrowth);
        LIBBPF_OPTS(bpf_test_run_opts, run);
        run.data_in = data.data() + at;
        run.data_size_in = length;
        run.data_out = out.data() + start;
        run.data_size_out = static_cast<uint32_t>(length + kGrowth);
        run.ctx_in = ctx.empty() ? nullptr : ctx.data();
        run.ctx_size_in = static_cast<uint32_t>(ctx.size());
        run.repeat = 1;
        if (bpf_prog_test_run_opts(fd_.get(), &run))
            ThrowErrno(env, errno, "run program " + name_ + " on packet " + std::to_string(retvals.size()));
        retvals.push_back(run.retval);
        outLengths.push_back(run.data_size_out);
        out.resize(start + run.data_size_out);
        at += length;
    }
    Napi::Object result = Napi::Object::New(env);
    result.Set("retvals", CopyWords(env, retvals));
    result.Set("lengths", CopyWords(env, outLengths));
    result.Set("data", CopyBytes(env, out.data(), out.size()));
    return result;
}

void BpfProgram::AttachXdp(const Napi::CallbackInfo &info)
{
    int ifindex = IfindexOf(info[0]);
    auto netns = OptionalStringOf(info[1], "netns");
    AttachXdpProgram(info.Env(), fd_.get(), name_, ifindex, netns);
}

void BpfProgram::AttachTc(const Napi::CallbackInfo &info)
{
    int ifindex = IfindexOf(info[0]);
    std::string direction = StringOf(info[1], "direction");
    auto netns = OptionalStringOf(info[2], "netns");
    if (direction != "ingress" && direction != "egress")
        ThrowType(info.Env(), "direction \"" + direction + "\" is neither ingress nor egress");
    AttachTcProgram(info.Env(), fd_.get(), name_, ifindex, direction == "ingress", netns);
}

void BpfProgram::Pin(const Napi::CallbackInfo &info)
{
    std::string path = StringOf(info[0], "path");
    LogScope scope;
    if (bpf_obj_pin(fd_.get(), path.c_str()))
        ThrowErrno(info.Env(), errno, "pin program " + name_ + " at " + path);
}

namespace
{

/// The kernel keeps 15 characters of a program's name.
Napi::Value MakeNamedByKernel(Napi::Env env, UniqueFd fd)
{
    bpf_prog_info info = {};
    uint32_t length = sizeof(info);
    if (bpf_obj_get_info_by_fd(fd.get(), &info, &length))
        ThrowErrno(env, errno, "read info of a program");
    return BpfProgram::Make(env, std::move(fd), info.name);
}

Napi::Value OpenPinnedProgram(const Napi::CallbackInfo &info)
{
    std::string path = StringOf(info[0], "path");
    LogScope scope;
    UniqueFd fd(bpf_obj_get(path.c_str()));
    if (!fd.valid())
        ThrowErrno(info.Env(), errno, "open pinned program " + path);
    return MakeNamedByKernel(info.Env(), std::move(fd));
}

Napi::Value ProgramById(const Napi::CallbackInfo &info)
{
    uint32_t id = Uint32Of(info[0], "id");
    LogScope scope;
    UniqueFd fd(bpf_prog_get_fd_by_id(id));
    if (!fd.valid())
        ThrowErrno(info.Env(), errno, "open program " + std::to_string(id));
    return MakeNamedByKernel(info.Env(), std::move(fd));
}

} // namespace

void InitProgram(Napi::Env env, Napi::Object exports)
{
    DataOf(env).program = Napi::Persistent(BpfProgram::Define(env));
    exports.Set("openPinnedProgram", Napi::Function::New(env, OpenPinnedProgram, "openPinnedProgram"));
    exports.Set("programById", Napi::Function::New(env, ProgramById, "programById"));
}

} // namespace cilion
