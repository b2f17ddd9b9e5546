#include "wire_probe.h"

#include "args.h"
#include "error.h"
#include "fd.h"
#include "netns.h"
#include "real_time.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <map>
#include <poll.h>
#include <sys/socket.h>
#include <system_error>
#include <thread>
#include <vector>

// Packet sockets and not XDP, because the routers' devices stay as they are: whatever program sits there
// passes an unknown EtherType to the kernel, and the kernel stamps a frame when it arrives, not when it is
// read.

namespace
{

using cilion::UniqueFd;

constexpr int64_t kNsPerSecond = 1'000'000'000;
/// IEEE 802 Local Experimental EtherType 1: no protocol of the lab, never IP.
constexpr uint16_t kEtherType = 0x88b5;
constexpr uint32_t kMagic = 0x63696c70;
constexpr size_t kMinFrame = 60, kMaxFrame = 3520;
/// A quarter of what the queue of the next device holds.
constexpr uint32_t kChunk = 64;
constexpr int kReceiveBufferBytes = 64 << 20;

struct ProbeFrame {
    uint8_t destination[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    uint8_t source[6] = {0x02, 0, 0, 0, 0, 1};
    uint16_t ether_type = htobe16(kEtherType);
    uint16_t pad = 0;
    uint32_t magic = kMagic;
    uint32_t sequence = 0;
    int64_t sent_ns = 0;
} __attribute__((packed));

/// `count` frames as fast as they go, from `at_ns` after the start.
struct Burst {
    int64_t at_ns;
    uint32_t count, length;
};

struct Arrival {
    uint32_t sequence;
    int64_t sent_ns, received_ns;
};

/// A packet socket that sends and receives on all devices of one namespace.
struct Station {
    UniqueFd socket;
    /// Device that frames arrive at → index of the probe they belong to.
    std::map<int, size_t> probe_at;
};

/// By path of the namespace.
using Stations = std::map<std::string, Station>;

struct Probe {
    int sender = -1;
    int ifindex = 0;
    std::vector<Burst> bursts;
    int64_t patience_ns = 0;
    size_t next_burst = 0;
    uint32_t sent = 0;
    int64_t last_sent_ns = 0;
    std::vector<Arrival> arrivals;

    bool sending() const { return next_burst < bursts.size(); }
    bool waiting(int64_t now) const
    {
        return sending() || (arrivals.size() < sent && now < last_sent_ns + patience_ns);
    }
};

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

class ProbeRun
{
  public:
    ProbeRun(Stations stations, std::vector<Probe> probes)
        : stations_(std::move(stations)), probes_(std::move(probes)), buffer_(kChunk * kMaxFrame)
    {
    }

    /// Throws std::system_error.
    void Run()
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

    /// The kernel waits for a grace period when it closes a packet socket; closed together they wait for the
    /// same one.
    void Close()
    {
        std::vector<std::thread> closers;
        for (auto &[netns, station] : stations_)
            closers.emplace_back([&station] { station.socket.Close(); });
        for (auto &closer : closers)
            closer.join();
    }

    const std::vector<Probe> &probes() const { return probes_; }
    int64_t start() const { return start_; }

  private:
    void SendChunk(Probe &probe)
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
            char *bytes = buffer_.data() + i * kMaxFrame;
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
        if (sent < 0)
            Fail("sendmmsg of probe frames");
        probe.sent += sent;
        burst.count -= sent;
        if (burst.count == 0)
            probe.next_burst++;
    }

    /// Reads what has arrived; sleeps until `until` when nothing has.
    void Receive(int64_t until)
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

    bool ReceiveOne(const Station &station)
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

    Stations stations_;
    std::vector<Probe> probes_;
    std::vector<char> buffer_;
    int64_t start_ = 0;
};

class ProbeWorker : public Napi::AsyncWorker
{
  public:
    ProbeWorker(Napi::Env env, Stations stations, std::vector<Probe> probes)
        : Napi::AsyncWorker(env), promise_(Napi::Promise::Deferred::New(env)),
          run_(std::move(stations), std::move(probes))
    {
    }
    Napi::Promise promise() const { return promise_.Promise(); }

  protected:
    void Execute() override
    {
        {
            cilion::RealTimeScope real_time(1); // a frame's stamp is worth what passes until it is sent
            run_.Run();
        }
        run_.Close();
    }

    /// For each probe a Float64Array of sequence, sent, received (nanoseconds from the start), one after
    /// another.
    void OnOK() override
    {
        auto env = Env();
        auto results = Napi::Array::New(env, run_.probes().size());
        uint32_t number = 0;
        for (const auto &probe : run_.probes()) {
            auto flat = Napi::Float64Array::New(env, probe.arrivals.size() * 3);
            for (size_t i = 0; i < probe.arrivals.size(); i++) {
                flat[3 * i] = probe.arrivals[i].sequence;
                flat[3 * i + 1] = static_cast<double>(probe.arrivals[i].sent_ns - run_.start());
                flat[3 * i + 2] = static_cast<double>(probe.arrivals[i].received_ns - run_.start());
            }
            results[number++] = flat;
        }
        promise_.Resolve(results);
    }
    void OnError(const Napi::Error &error) override { promise_.Reject(error.Value()); }

  private:
    Napi::Promise::Deferred promise_;
    ProbeRun run_;
};

Station OpenStation(Napi::Env env, const std::string &netns)
{
    cilion::NetnsScope scope(env, netns);
    // Without a protocol at first: binding a socket that receives already would cost a grace period.
    UniqueFd fd(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
    if (!fd.valid())
        cilion::ThrowErrno(env, errno, "packet socket in " + netns);
    int on = 1;
    sockaddr_ll everywhere{};
    everywhere.sll_family = AF_PACKET;
    everywhere.sll_protocol = htobe16(kEtherType);
    if (setsockopt(fd.get(), SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) ||
        setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBufferBytes, sizeof(kReceiveBufferBytes)) ||
        bind(fd.get(), reinterpret_cast<sockaddr *>(&everywhere), sizeof(everywhere)))
        cilion::ThrowErrno(env, errno, "packet socket in " + netns);
    return {std::move(fd), {}};
}

Station &StationIn(Napi::Env env, Stations &stations, const std::string &netns)
{
    auto found = stations.find(netns);
    if (found == stations.end())
        found = stations.emplace(netns, OpenStation(env, netns)).first;
    return found->second;
}

Probe ToProbe(Napi::Env env, Napi::Object options, Stations &stations, size_t index)
{
    Probe probe;
    probe.ifindex = cilion::IfindexOf(options.Get("fromIfindex"));
    auto from = cilion::StringOf(options.Get("fromNetns"), "fromNetns");
    auto to = cilion::StringOf(options.Get("toNetns"), "toNetns");
    probe.sender = StationIn(env, stations, from).socket.get();
    StationIn(env, stations, to).probe_at[cilion::IfindexOf(options.Get("toIfindex"))] = index;
    probe.patience_ns = static_cast<int64_t>(options.Get("patienceNs").ToNumber().DoubleValue());
    auto bursts = options.Get("bursts").As<Napi::Array>();
    for (uint32_t i = 0; i < bursts.Length(); i++) {
        auto burst = bursts.Get(i).As<Napi::Object>();
        uint32_t length = cilion::Uint32Of(burst.Get("length"), "length");
        if (length < kMinFrame || length > kMaxFrame)
            cilion::ThrowType(env, "length of a probe frame must be from 60 to 3520");
        probe.bursts.push_back({static_cast<int64_t>(burst.Get("atNs").ToNumber().DoubleValue()),
                                cilion::Uint32Of(burst.Get("count"), "count"), length});
    }
    return probe;
}

Napi::Value ProbeWires(const Napi::CallbackInfo &info)
{
    auto list = info[0].As<Napi::Array>();
    Stations stations;
    std::vector<Probe> probes;
    for (uint32_t i = 0; i < list.Length(); i++)
        probes.push_back(ToProbe(info.Env(), list.Get(i).As<Napi::Object>(), stations, i));
    auto *worker = new ProbeWorker(info.Env(), std::move(stations), std::move(probes));
    auto promise = worker->promise();
    worker->Queue();
    return promise;
}

} // namespace

void InitWireProbe(Napi::Env env, Napi::Object exports)
{
    exports["probeWires"] = Napi::Function::New(env, ProbeWires, "probeWires");
}
