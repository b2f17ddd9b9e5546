// Sends numbered, time-stamped frames from many devices on a schedule, and notes when they arrive at others.
#pragma once

#include "fd.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace cilion
{

/// IEEE 802 Local Experimental EtherType 1: no protocol of the lab, never IP.
constexpr uint16_t kProbeEtherType = 0x88b5;
constexpr size_t kMinProbeBytes = 60, kMaxProbeBytes = 3520;

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

/// One schedule, run by the calling thread.
class ProbeRun
{
  public:
    ProbeRun(Stations stations, std::vector<Probe> probes);

    /// Until everything has arrived or its time is up. Throws std::system_error.
    void Run();
    /// The kernel waits for a grace period when it closes a packet socket; closed together they wait for the
    /// same one.
    void Close();

    const std::vector<Probe> &probes() const { return probes_; }
    int64_t start() const { return start_; }

  private:
    void SendChunk(Probe &probe);
    /// Reads what has arrived; sleeps until `until` when nothing has.
    void Receive(int64_t until);
    bool ReceiveOne(const Station &station);

    Stations stations_;
    std::vector<Probe> probes_;
    std::vector<char> buffer_;
    /// Nanoseconds of CLOCK_REALTIME, as all times of frames.
    int64_t start_ = 0;
};

} // namespace cilion
