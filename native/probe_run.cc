#include "probe_run.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <linux/if_packet.h>
#include <poll.h>
#include <sys/socket.h>
#include <system_error>
#include <thread>

namespace cilion
{
namespace
{

constexpr int64_t kNsPerSecond = 1'000'000'000;
constexpr uint32_t kMagic = 0x63696c70;
/// A quarter of what the queue of the next device holds.
constexpr uint32_t kChunk = 64;

struct ProbeFrame {
    uint8_t destination[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    uint8_t source[6] = {0x02, 0, 0, 0, 0, 1};
    uint16_t ether_type = htobe16(kProbeEtherType);
    uint16_t pad = 0;
    uint32_t magic = kMagic;
    uint32_t sequence = 0;
    int64_t sent_ns = 0;
} __attribute__((packed));

int64_t Now()
{
    timespec time{};
    clock_gettime(CLOCK_REALTIME, &time); // the clock of SO_TIMESTAMPNS
    return time.tv_sec * kNsPerSecond + time.tv_nsec;
}

[[noreturn]] void Fail(const char *what)
{
    throw std::system_error(errno, std::generic_category(), what);
}

} // namespace

ProbeRun::ProbeRun(Stations stations, std::vector<Probe> probes)
    : stations_(std::move(stations)), probes_(std::move(probes)), buffer_(kChunk * kMaxProbeBytes)
{
}

void ProbeRun::Run()
{
    start_ = Now();
    for (;;) {
        int64_t now = Now();
        bool waiting = false;
        int64_t next = now + kNsPerSecond;
        for (auto &probe : probes_) {
            if (probe.sending() && start_ + probe.bursts[probe.next_burst].at_ns <= now)
                SendChunk(probe);
            if (probe.sending())
                next = std::min(next, start_ + probe.bursts[probe.next_burst].at_ns);
            else if (probe.waiting(now))
                next = std::min(next, probe.last_sent_ns + probe.patience_ns);
            waiting |= probe.waiting(now);
        }
        if (!waiting)
            break;
        Receive(next);
    }
}

void ProbeRun::Close()
{
    std::vector<std::thread> closers;
    for (auto &[netns, station] : stations_)
        closers.emplace_back([&station] { station.socket.Close(); });
    for (auto &closer : closers)
        closer.join();
}

void ProbeRun::SendChunk(Probe &probe)
{
    Burst &burst = probe.bursts[probe.next_burst];
    uint32_t count = std::min(burst.count, kChunk);
    sockaddr_ll to{};
    to.sll_family = AF_PACKET;
    to.sll_ifindex = probe.ifindex;
    std::array<iovec, kChunk> data;
    std::array<mmsghdr, kChunk> messages{};
    probe.last_sent_ns = Now();
    for (uint32_t i = 0; i < count; i++) {
        ProbeFrame frame{.sequence = probe.sent + i, .sent_ns = probe.last_sent_ns};
        char *bytes = buffer_.data() + i * kMaxProbeBytes;
        memcpy(bytes, &frame, sizeof(frame));
        data[i] = {bytes, burst.length};
        messages[i].msg_hdr = {.msg_name = &to,
                               .msg_namelen = sizeof(to),
                               .msg_iov = &data[i],
                               .msg_iovlen = 1,
                               .msg_control = nullptr,
                               .msg_controllen = 0,
                               .msg_flags = 0};
    }
    int sent = sendmmsg(probe.sender, messages.data(), count, 0);
    if (sent < 0 && errno != ENOBUFS)
        Fail("sendmmsg of probe frames");
    sent = std::max(sent, 1); // ENOBUFS: the next device's queue was full, and this frame is lost
    probe.sent += sent;
    burst.count -= sent;
    if (burst.count == 0)
        probe.next_burst++;
}

void ProbeRun::Receive(int64_t until)
{
    std::vector<pollfd> polls;
    for (auto &[netns, station] : stations_)
        polls.push_back({station.socket.get(), POLLIN, 0});
    int64_t left = std::max<int64_t>(0, until - Now());
    timespec timeout{.tv_sec = left / kNsPerSecond, .tv_nsec = left % kNsPerSecond};
    if (ppoll(polls.data(), polls.size(), &timeout, nullptr) < 0 && errno != EINTR)
        Fail("ppoll of probe sockets");
    size_t i = 0;
    for (auto &[netns, station] : stations_)
        if (polls[i++].revents != 0)
            while (ReceiveOne(station))
                ;
}

bool ProbeRun::ReceiveOne(const Station &station)
{
    ProbeFrame frame;
    sockaddr_ll from{};
    iovec data{&frame, sizeof(frame)};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(timespec))];
    msghdr message{.msg_name = &from,
                   .msg_namelen = sizeof(from),
                   .msg_iov = &data,
                   .msg_iovlen = 1,
                   .msg_control = control,
                   .msg_controllen = sizeof(control),
                   .msg_flags = 0};
    ssize_t length = recvmsg(station.socket.get(), &message, MSG_DONTWAIT | MSG_TRUNC);
    if (length < 0) {
        if (errno == EAGAIN || errno == EINTR)
            return false;
        Fail("recvmsg of probe frames");
    }
    auto found = station.probe_at.find(from.sll_ifindex);
    if (length < static_cast<ssize_t>(sizeof(frame)) || frame.magic != kMagic ||
        found == station.probe_at.end())
        return true;
    for (cmsghdr *part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_TIMESTAMPNS)
            continue;
        timespec time;
        memcpy(&time, CMSG_DATA(part), sizeof(time));
        probes_[found->second].arrivals.push_back(
            {frame.sequence, frame.sent_ns, time.tv_sec * kNsPerSecond + time.tv_nsec});
    }
    return true;
}

} // namespace cilion
