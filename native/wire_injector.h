// The thread that gives delayed frames back to the kernel when they are due.
#pragma once

#include "fd.h"
#include "mapped_array.h"
#include "wire_capture.h"

#include "../bpf/wire.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

struct ring_buffer;

namespace cilion
{

struct InjectorStats {
    uint64_t cpu_ns = 0;
    uint64_t wakeups = 0;
    uint64_t batches = 0;
    uint64_t frames = 0;
    /// 0, or the errno that ended the thread.
    int error = 0;
};

/// Owns one thread inside the wires' namespace. Idle, it sleeps without a timeout: the program that queues a
/// frame due before the thread's next wake-up wakes it, so the first frame after a pause is no later than any
/// other.
class WireInjector
{
  public:
    /// `folder` holds the pinned maps of wire.bpf.o; `netns` is a path. Throws std::system_error.
    WireInjector(const std::string &folder, const std::string &netns, WireCapture &capture);
    ~WireInjector();
    WireInjector(const WireInjector &) = delete;
    WireInjector &operator=(const WireInjector &) = delete;

    InjectorStats Stats();
    void Stop();

  private:
    struct Line {
        uint32_t direction;
        const wire_config *config;
        wire_state *state;
    };

    /// A frame that is due.
    struct Departure {
        const Line *line;
        wire_frame *frame;
    };

    void Loop();
    uint64_t Collect(uint64_t now);
    uint64_t CollectFrom(const Line &line, uint64_t now);
    void Send();
    void Depart(const Departure &departure, bool accepted);
    void SleepUntil(uint64_t due);

    UniqueFd netns_;
    UniqueFd socket_;
    UniqueFd stop_;
    UniqueFd timer_;
    MappedArray config_;
    MappedArray state_;
    MappedArray ring_;
    MappedArray wake_;
    UniqueFd kick_;
    ::ring_buffer *kicks_ = nullptr;

    WireCapture &capture_;
    std::vector<Line> lines_;
    size_t first_line_ = 0;
    std::vector<Departure> due_;
    std::atomic<bool> stopping_ = false;
    std::atomic<uint64_t> wakeups_ = 0, batches_ = 0, frames_ = 0;
    std::atomic<int> error_ = 0;
    std::thread thread_;
};

} // namespace cilion
