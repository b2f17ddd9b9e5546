// Starting programs. Node's way copies this process first, page table by page table (fork(2)), which takes
// longer the more memory it holds; here the child borrows all of it until it becomes the program (vfork(2)).
#include "addon.h"
#include "args.h"
#include "fd.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <uv.h>
#include <vector>

namespace cilion
{
namespace
{

/// What a child needs to become a program, all of it made before there is a child.
struct Launch {
    char *const *argv;
    char *const *environment;
    const char *folder; // null: this process's
    int netns;          // -1: this process's
    std::array<int, 3> streams;
    /// The child's word to its parent, in whose memory it runs.
    volatile int error = 0;
    const char *volatile failed = nullptr;
};

[[noreturn]] void GiveUp(Launch &launch, const char *what)
{
    launch.error = errno;
    launch.failed = what;
    _exit(127);
}

/// In the child: only system calls, and nothing of the parent's is changed. A handler of the parent's must
/// not run here, so signals are let in only when none has a handler any more.
[[noreturn]] void Become(Launch &launch)
{
    // A Ctrl-C at the terminal is for the parent alone, which then ends its children in order.
    if (setsid() < 0)
        GiveUp(launch, "begin a session for");
    if (launch.netns >= 0 && setns(launch.netns, CLONE_NEWNET))
        GiveUp(launch, "enter the network namespace of");
    if (launch.folder && chdir(launch.folder))
        GiveUp(launch, "change to the folder of");
    for (int i = 0; i < 3; i++)
        if (dup2(launch.streams[i], i) < 0)
            GiveUp(launch, "set the standard streams of");
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    execvpe(launch.argv[0], launch.argv, launch.environment);
    GiveUp(launch, "execute");
}

/// The child's pid; -1 with errno where there is none. The parent stands still until the child is the
/// program.
pid_t Start(Launch &launch)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = vfork();
    if (pid == 0)
        Become(launch);
    int error = errno;
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    errno = error;
    return pid;
}

/// A child that runs. Ends with it, when the event loop has been told.
struct Child {
    pid_t pid;
    UniqueFd pidfd;
    uv_poll_t poll;
    Napi::FunctionReference onExit;
};

void Forget(uv_handle_t *handle)
{
    delete static_cast<Child *>(handle->data);
}

void Reap(uv_poll_t *poll, int, int)
{
    auto *child = static_cast<Child *>(poll->data);
    int how = 0;
    if (waitpid(child->pid, &how, WNOHANG) == 0)
        return;
    Napi::Env env = child->onExit.Env();
    Napi::HandleScope scope(env);
    Napi::Value code = WIFSIGNALED(how) ? env.Null() : Napi::Number::New(env, WEXITSTATUS(how));
    Napi::Value signal = WIFSIGNALED(how) ? Napi::Number::New(env, WTERMSIG(how)) : env.Null();
    uv_close(reinterpret_cast<uv_handle_t *>(poll), Forget);
    try {
        child->onExit.MakeCallback(env.Global(), {code, signal});
    } catch (const Napi::Error &error) {
        napi_fatal_exception(env, error.Value());
    }
}

/// Tells of the child's end; the event loop lives until then, unless the child is detached.
void Watch(Napi::Env env, pid_t pid, Napi::Function onExit, bool detached)
{
    auto *child = new Child{
        pid, UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))), {}, Napi::Persistent(onExit)};
    uv_loop_t *loop = nullptr;
    napi_get_uv_event_loop(env, &loop);
    int failed = child->pidfd.valid() ? uv_poll_init(loop, &child->poll, child->pidfd.get()) : -errno;
    if (failed) {
        delete child;
        kill(pid, SIGKILL);
        waitpid(pid, nullptr, 0);
        ThrowErrno(env, failed, "watch process " + std::to_string(pid));
    }
    child->poll.data = child;
    uv_poll_start(&child->poll, UV_READABLE, Reap);
    if (detached)
        uv_unref(reinterpret_cast<uv_handle_t *>(&child->poll));
}

std::vector<std::string> StringsOf(const Napi::Value &value, const char *name)
{
    if (!value.IsArray())
        ThrowType(value.Env(), std::string(name) + " must be an array");
    auto array = value.As<Napi::Array>();
    std::vector<std::string> strings;
    for (uint32_t i = 0; i < array.Length(); i++)
        strings.push_back(StringOf(array.Get(i), name));
    for (const std::string &each : strings)
        if (each.find('\0') != std::string::npos)
            ThrowType(value.Env(), std::string(name) + " must not hold zero bytes");
    return strings;
}

std::vector<char *> PointersTo(std::vector<std::string> &strings)
{
    std::vector<char *> pointers;
    for (std::string &each : strings)
        pointers.push_back(each.data());
    pointers.push_back(nullptr);
    return pointers;
}

std::array<int, 3> StreamsOf(const Napi::Value &value)
{
    std::array<int, 3> streams;
    auto array = value.As<Napi::Array>();
    for (uint32_t i = 0; i < 3; i++) {
        streams[i] = static_cast<int>(Uint32Of(array.Get(i), "streams"));
        // One of the first three could be overwritten before its turn comes.
        if (streams[i] < 3)
            ThrowType(value.Env(), "streams must be none of this process's own standard streams");
    }
    return streams;
}

Napi::Value StartProgram(const Napi::CallbackInfo &info)
{
    Napi::Env env = info.Env();
    if (!info[0].IsObject() || !info[1].IsFunction())
        ThrowType(env, "expected options and a function");
    auto options = info[0].As<Napi::Object>();
    auto arguments = StringsOf(options.Get("argv"), "argv");
    auto variables = StringsOf(options.Get("env"), "env");
    auto folder = OptionalStringOf(options.Get("cwd"), "cwd");
    auto netns = OptionalStringOf(options.Get("netns"), "netns");
    if (arguments.empty())
        ThrowType(env, "argv must name a program");
    UniqueFd inside(netns ? open(netns->c_str(), O_RDONLY | O_CLOEXEC) : -1);
    if (netns && !inside.valid())
        ThrowErrno(env, errno, "open network namespace " + *netns);
    auto argv = PointersTo(arguments), environment = PointersTo(variables);
    Launch launch{argv.data(), environment.data(), folder ? folder->c_str() : nullptr, inside.get(),
                  StreamsOf(options.Get("streams"))};

    pid_t pid = Start(launch);
    if (pid < 0)
        ThrowErrno(env, errno, "start " + arguments[0]);
    if (launch.failed) {
        waitpid(pid, nullptr, 0);
        ThrowErrno(env, launch.error, std::string(launch.failed) + " " + arguments[0]);
    }
    Watch(env, pid, info[1].As<Napi::Function>(), options.Get("detached").ToBoolean());
    return Napi::Number::New(env, pid);
}

/// Its two ends: read, write.
Napi::Value OpenPipe(const Napi::CallbackInfo &info)
{
    std::array<int, 2> ends;
    if (pipe2(ends.data(), O_CLOEXEC))
        ThrowErrno(info.Env(), errno, "open a pipe");
    auto result = Napi::Array::New(info.Env(), 2);
    result[0u] = ends[0];
    result[1u] = ends[1];
    return result;
}

} // namespace

void InitChild(Napi::Env env, Napi::Object exports)
{
    exports.Set("startProgram", Napi::Function::New(env, StartProgram, "startProgram"));
    exports.Set("openPipe", Napi::Function::New(env, OpenPipe, "openPipe"));
}

} // namespace cilion
