#include "wire_injector.h"

#include "real_time.h"

#include <algorithm>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <system_error>

namespace cilion
{
namespace
{

constexpr uint64_t kNsPerSecond = 1'000'000'000;
/// Going to sleep and waking up costs more than this; a frame due sooner is waited for.
constexpr uint64_t kShortestSleepNs = 3'000;
/// So that one busy direction does not hold up the others for a whole batch.
constexpr uint32_t kFramesOfADirection = 128;
/// Frames between which the kernel lets the receivers' NAPI run; a veth queue holds 256.
constexpr uint32_t kKernelBatch = 64;
/// Content of a live frame before the program sets its length; the least that the kernel takes is an Ethernet
/// header.
constexpr uint32_t kBlankFrameBytes = 64;

uint64_t ToNs(const timespec &time)
{
    return time.tv_sec * kNsPerSecond + time.tv_nsec;
}

uint64_t Now(clockid_t clock)
{
    timespec time{};
    clock_gettime(clock, &time);
    return ToNs(time);
}

uint64_t Load(const __u64 &value)
{
    return __atomic_load_n(&value, __ATOMIC_ACQUIRE);
}
void Store(__u64 &place, uint64_t value)
{
    __atomic_store_n(&place, value, __ATOMIC_RELEASE);
}

[[noreturn]] void Fail(int error, const std::string &what)
{
    throw std::system_error(error, std::generic_category(), what);
}

UniqueFd Checked(int fd, const std::string &what)
{
    if (fd < 0)
        Fail(errno, what);
    return UniqueFd(fd);
}

int Ignore(void *, void *, size_t)
{
    return 0;
}

} // namespace

UniqueFd OpenPinned(const std::string &path)
{
    return Checked(bpf_obj_get(path.c_str()), "BPF_OBJ_GET " + path);
}

MappedArray::MappedArray(const std::string &pinned_path)
{
    UniqueFd fd = OpenPinned(pinned_path);
    bpf_map_info info{};
    uint32_t length = sizeof(info);
    if (bpf_obj_get_info_by_fd(fd.get(), &info, &length))
        Fail(errno, "BPF_OBJ_GET_INFO_BY_FD " + pinned_path);
    entries_ = info.max_entries;
    stride_ = (info.value_size + 7) & ~size_t{7};
    bytes_ = stride_ * entries_;
    memory_ = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
    if (memory_ == MAP_FAILED)
        Fail(errno, "mmap " + pinned_path);
}

MappedArray::~MappedArray()
{
    munmap(memory_, bytes_);
}

WireInjector::WireInjector(const std::string &folder, const std::string &netns)
    : netns_(Checked(open(netns.c_str(), O_RDONLY | O_CLOEXEC), "open " + netns)),
      program_(OpenPinned(folder + "/wire")), stop_(Checked(eventfd(0, EFD_CLOEXEC), "eventfd")),
      timer_(Checked(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), "timerfd_create")),
      config_(folder + "/wire_config"), state_(folder + "/wire_state"), ring_(folder + "/wire_ring"),
      wake_(folder + "/wire_wake"), batch_(folder + "/wire_batch"), kick_(OpenPinned(folder + "/wire_kick"))
{
    for (uint32_t direction = 0; direction < config_.entries(); direction++) {
        const auto *config = config_.at<wire_config>(direction);
        if (config->slots != 0)
            lines_.push_back(
                {direction, config->first_slot, config->slots - 1, state_.at<wire_state>(direction)});
    }
    kicks_ = ring_buffer__new(kick_.get(), Ignore, nullptr, nullptr);
    if (kicks_ == nullptr)
        Fail(errno, "ring_buffer__new wire_kick");
    thread_ = std::thread([this] { Loop(); });
}

WireInjector::~WireInjector()
{
    Stop();
    ring_buffer__free(kicks_);
}

void WireInjector::Stop()
{
    if (!thread_.joinable())
        return;
    stopping_ = true;
    eventfd_write(stop_.get(), 1);
    thread_.join();
}

InjectorStats WireInjector::Stats() const
{
    clockid_t clock;
    auto thread = const_cast<std::thread &>(thread_).native_handle();
    bool running = thread_.joinable() && pthread_getcpuclockid(thread, &clock) == 0;
    return {.cpu_ns = running ? Now(clock) : 0,
            .wakeups = wakeups_,
            .runs = runs_,
            .frames = frames_,
            .error = error_};
}

void WireInjector::Loop()
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr); // a signal would end a BPF_PROG_RUN half-way
    if (setns(netns_.get(), CLONE_NEWNET)) {
        error_ = errno;
        return;
    }
    RealTimeScope real_time(2);

    auto *wake = wake_.at<wire_wake>(0);
    while (!stopping_ && error_ == 0) {
        uint64_t due = Collect(Now(CLOCK_MONOTONIC));
        if (collected_ > 0) {
            if (!Inject())
                break;
            continue;
        }
        if (due < Now(CLOCK_MONOTONIC) + kShortestSleepNs)
            continue;
        // Say when this thread wakes, then look once more: a frame queued meanwhile saw either the old time,
        // and is found now, or the new one, and wakes the thread.
        __atomic_store_n(&wake->at, due, __ATOMIC_SEQ_CST);
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        uint64_t again = Collect(Now(CLOCK_MONOTONIC));
        if (collected_ == 0 && again >= due)
            SleepUntil(due);
        __atomic_store_n(&wake->at, WIRE_AWAKE, __ATOMIC_SEQ_CST);
    }
}

/// Fills the batch with the frames that are due. Returns when the next one is, WIRE_NEVER if there is none.
uint64_t WireInjector::Collect(uint64_t now)
{
    auto *batch = batch_.at<wire_batch>(0);
    uint64_t next = WIRE_NEVER;
    collected_ = 0;
    for (size_t i = 0; i < lines_.size(); i++) {
        const Line &line = lines_[(first_line_ + i) % lines_.size()];
        uint64_t tail = line.state->exit.tail;
        uint64_t end = std::min(Load(line.state->entry.head), tail + kFramesOfADirection);
        for (; tail != end; tail++) {
            uint64_t due = ring_.at<wire_frame>(line.first_slot + (tail & line.mask))->time;
            if (due > now) {
                next = std::min(next, due);
                break;
            }
            if (collected_ == WIRE_BATCH) {
                first_line_ = (first_line_ + i) % lines_.size(); // this one is first in the next batch
                return now;
            }
            batch->direction[collected_++] = line.direction;
        }
    }
    return next;
}

bool WireInjector::Inject()
{
    auto *batch = batch_.at<wire_batch>(0);
    static constexpr uint8_t kBlankFrame[kBlankFrameBytes] = {};
    LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = kBlankFrame, .data_size_in = kBlankFrameBytes,
                .repeat = static_cast<int>(collected_), .flags = BPF_F_TEST_XDP_LIVE_FRAMES,
                .batch_size = kKernelBatch);
    batch->next = 0;
    if (bpf_prog_test_run_opts(program_.get(), &options) && errno != EINTR && errno != ENOMEM) {
        error_ = errno;
        return false;
    }
    // The run is over, so whatever it took has been handed to the next device.
    for (uint32_t i = 0; i < collected_; i++) {
        auto &out = state_.at<wire_state>(batch->direction[i])->exit;
        Store(out.flushed, out.tail);
    }
    runs_++;
    frames_ += collected_;
    return true;
}

/// Until `due`, a kick or Stop(). A timerfd is exact to the hardware's timer; the timeout of poll has slack.
void WireInjector::SleepUntil(uint64_t due)
{
    itimerspec at{};
    if (due != WIRE_NEVER)
        at.it_value = {.tv_sec = static_cast<time_t>(due / kNsPerSecond),
                       .tv_nsec = static_cast<long>(due % kNsPerSecond)};
    timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &at, nullptr);
    pollfd wait[] = {{timer_.get(), POLLIN, 0}, {kick_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
    poll(wait, 3, -1);
    if (wait[1].revents != 0)
        ring_buffer__consume(kicks_);
    wakeups_++;
}

} // namespace cilion
