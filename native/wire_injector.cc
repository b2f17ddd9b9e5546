#include "wire_injector.h"

#include "real_time.h"

#include <algorithm>
#include <array>
#include <bpf/libbpf.h>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <system_error>

// Frames leave by a packet socket and not by BPF_PROG_RUN: a run makes a page pool of its own, which stays
// for a second or more when a frame of it waits in a socket. Under TCP that costs 40 µs a run and ends in
// ENOSPC at 65 535 pools.

namespace cilion
{
namespace
{

constexpr uint64_t kNsPerSecond = 1'000'000'000;
/// Going to sleep and waking up costs more than this; a frame due sooner is waited for.
constexpr uint64_t kShortestSleepNs = 3'000;
/// Frames due within this time of the last ones wait for each other: at 1 Gbit/s a frame is due every 12 µs,
/// and waking for each would take a core. Sparser frames are not affected.
constexpr uint64_t kGatherNs = 25'000;
/// Frames a system call takes: a quarter of a veth's queue, so that the receiver can keep up.
constexpr size_t kBatch = 64;
/// Frames that receivers have not taken yet count against the socket; running out would delay those of other
/// wires.
constexpr int kSendBufferBytes = 1 << 29;

uint64_t Now()
{
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * kNsPerSecond + time.tv_nsec;
}

uint64_t CpuTime(std::thread &thread)
{
    clockid_t clock;
    timespec time{};
    if (!thread.joinable() || pthread_getcpuclockid(thread.native_handle(), &clock) != 0)
        return 0;
    clock_gettime(clock, &time);
    return time.tv_sec * kNsPerSecond + time.tv_nsec;
}

uint64_t Load(const __u64 &value)
{
    return __atomic_load_n(&value, __ATOMIC_ACQUIRE);
}
uint32_t Load(const __u32 &value)
{
    return __atomic_load_n(&value, __ATOMIC_ACQUIRE);
}
void Store(__u64 &place, uint64_t value)
{
    __atomic_store_n(&place, value, __ATOMIC_RELEASE);
}

[[noreturn]] void Fail(const std::string &what)
{
    throw std::system_error(errno, std::generic_category(), what);
}

UniqueFd Checked(int fd, const std::string &what)
{
    if (fd < 0)
        Fail(what);
    return UniqueFd(fd);
}

int Ignore(void *, void *, size_t)
{
    return 0;
}

} // namespace

WireInjector::WireInjector(const std::string &folder, const std::string &netns, WireCapture &capture)
    : netns_(Checked(open(netns.c_str(), O_RDONLY | O_CLOEXEC), "open " + netns)),
      stop_(Checked(eventfd(0, EFD_CLOEXEC), "eventfd")),
      timer_(Checked(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), "timerfd_create")),
      config_(folder + "/wire_config"), state_(folder + "/wire_state"), ring_(folder + "/wire_ring"),
      wake_(folder + "/wire_wake"), kick_(OpenPinned(folder + "/wire_kick")), capture_(capture)
{
    for (uint32_t direction = 0; direction < config_.entries(); direction++) {
        const auto *config = config_.at<wire_config>(direction);
        if (config->slots != 0)
            lines_.push_back({direction, config, state_.at<wire_state>(direction)});
    }
    kicks_ = ring_buffer__new(kick_.get(), Ignore, nullptr, nullptr);
    if (kicks_ == nullptr)
        Fail("ring_buffer__new wire_kick");
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

InjectorStats WireInjector::Stats()
{
    return {.cpu_ns = CpuTime(thread_),
            .wakeups = wakeups_,
            .batches = batches_,
            .frames = frames_,
            .error = error_};
}

void WireInjector::Loop()
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    // Protocol 0: it sends and never receives.
    if (setns(netns_.get(), CLONE_NEWNET) == 0)
        socket_ = UniqueFd(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
    int on = 1;
    if (!socket_.valid() || setsockopt(socket_.get(), SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)) ||
        setsockopt(socket_.get(), SOL_SOCKET, SO_SNDBUFFORCE, &kSendBufferBytes, sizeof(kSendBufferBytes))) {
        error_ = errno;
        return;
    }
    RealTimeScope real_time(2);

    auto *wake = wake_.at<wire_wake>(0);
    uint64_t gather_until = 0;
    while (!stopping_ && error_ == 0) {
        uint64_t due = Collect(Now());
        if (!due_.empty()) {
            Send();
            gather_until = Now() + kGatherNs;
            continue;
        }
        if (due < gather_until) {
            SleepUntil(gather_until);
            continue;
        }
        if (due < Now() + kShortestSleepNs)
            continue;
        // Say when this thread wakes, then look once more: a frame queued meanwhile saw either the old time,
        // and is found now, or the new one, and wakes the thread.
        __atomic_store_n(&wake->at, due, __ATOMIC_SEQ_CST);
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        uint64_t again = Collect(Now());
        if (due_.empty() && again >= due)
            SleepUntil(due);
        __atomic_store_n(&wake->at, WIRE_AWAKE, __ATOMIC_SEQ_CST);
    }
}

/// Fills the batch with frames that are due, beginning with another line each time. Returns when the next
/// frame is due if the batch stays empty, WIRE_NEVER if there is none.
uint64_t WireInjector::Collect(uint64_t now)
{
    uint64_t next = WIRE_NEVER;
    due_.clear();
    for (size_t i = 0; i < lines_.size() && due_.size() < kBatch; i++)
        next = std::min(next, CollectFrom(lines_[(first_line_ + i) % lines_.size()], now));
    if (!due_.empty())
        first_line_ = (first_line_ + 1) % lines_.size();
    return next;
}

uint64_t WireInjector::CollectFrom(const Line &line, uint64_t now)
{
    uint64_t head = Load(line.state->entry.head), tail = line.state->exit.tail;
    for (; tail != head && due_.size() < kBatch; tail++) {
        auto *frame = ring_.at<wire_frame>(line.config->first_slot + (tail & (line.config->slots - 1)));
        if (frame->time > now)
            return frame->time;
        // A cut wire delivers nothing, also not what was under way.
        if (Load(line.config->cut) != 0 && tail == line.state->exit.tail) {
            line.state->exit.cut++;
            Store(line.state->exit.tail, tail + 1);
            continue;
        }
        due_.push_back({&line, frame});
    }
    return WIRE_NEVER;
}

void WireInjector::Send()
{
    std::array<sockaddr_ll, kBatch> to{};
    std::array<iovec, kBatch> data;
    std::array<mmsghdr, kBatch> messages{};
    for (size_t i = 0; i < due_.size(); i++) {
        to[i].sll_family = AF_PACKET;
        to[i].sll_ifindex = static_cast<int>(due_[i].line->config->out_ifindex);
        data[i] = {due_[i].frame->data, due_[i].frame->length};
        messages[i].msg_hdr.msg_name = &to[i];
        messages[i].msg_hdr.msg_namelen = sizeof(to[i]);
        messages[i].msg_hdr.msg_iov = &data[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    for (size_t done = 0; done < due_.size();) {
        int sent = sendmmsg(socket_.get(), &messages[done], due_.size() - done, 0);
        if (sent < 0 && errno == EBADF) {
            error_ = errno;
            return;
        }
        for (int i = 0; i < sent; i++)
            Depart(due_[done++], true);
        if (sent < 0)
            Depart(due_[done++], false);
    }
    batches_++;
    frames_ += due_.size();
}

/// The frame stands in the next device's queue, or that has refused it; either way its slot is free.
void WireInjector::Depart(const Departure &departure, bool accepted)
{
    auto &out = departure.line->state->exit;
    auto *frame = departure.frame;
    if (accepted) {
        out.packets++;
        out.bytes += frame->length;
        uint32_t keep = Load(departure.line->config->capture_bytes);
        if (keep != 0) {
            frame->time = Now();
            frame->direction = departure.line->direction;
            if (!capture_.Deliver(*frame, std::min(keep, frame->length)))
                out.capture_missed++;
        }
    } else {
        out.refused++;
    }
    Store(out.tail, out.tail + 1);
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
