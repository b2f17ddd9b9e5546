#include "wire_probe.h"

#include "args.h"
#include "error.h"
#include "fd.h"
#include "netns.h"
#include "probe_run.h"
#include "real_time.h"

#include <cerrno>
#include <linux/if_packet.h>
#include <sys/socket.h>

// Packet sockets and not XDP, because the routers' devices stay as they are: whatever program sits there
// passes an unknown EtherType to the kernel, and the kernel stamps a frame when it arrives, not when it is
// read.

namespace
{

using cilion::Probe;
using cilion::ProbeRun;
using cilion::Station;
using cilion::Stations;
using cilion::UniqueFd;

constexpr int kReceiveBufferBytes = 64 << 20;

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
    everywhere.sll_protocol = htobe16(cilion::kProbeEtherType);
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
        if (length < cilion::kMinProbeBytes || length > cilion::kMaxProbeBytes)
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
