// The thread that gives delayed frames back to the kernel when they are due.
#pragma once

#include "fd.h"

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

/// Memory of a BPF_F_MMAPABLE array, shared with the BPF programs.
class MappedArray
{
  public:
    /// Throws std::system_error that names the path.
    explicit MappedArray(const std::string &pinned_path);
    ~MappedArray();
    MappedArray(const MappedArray &) = delete;
    MappedArray &operator=(const MappedArray &) = delete;

    uint32_t entries() const { return entries_; }
    template <typename T> T *at(size_t index) const
    {
        return reinterpret_cast<T *>(static_cast<char *>(memory_) + index * stride_);
    }

  private:
    void *memory_ = nullptr;
    size_t bytes_ = 0;
    size_t stride_ = 0;
    uint32_t entries_ = 0;
};

/// Opens a pinned map or program. Throws std::system_error that names the path.
UniqueFd OpenPinned(const std::string &path);

struct InjectorStats {
    uint64_t cpu_ns = 0;
    uint64_t wakeups = 0;
    uint64_t runs = 0;
    uint64_t frames = 0;
    /// 0, or the errno of the BPF_PROG_RUN that ended the thread.
    int error = 0;
};

/// Owns one thread inside the wires' namespace. Idle, it sleeps without a timeout: the program that queues a
/// frame due before the thread's next wake-up wakes it, so the first frame after a pause is no later than any
/// other.
class WireInjector
{
  public:
    /// `folder` holds the pinned maps and program of wire.bpf.o; `netns` is a path. Throws std::system_error.
    WireInjector(const std::string &folder, const std::string &netns);
    ~WireInjector();
    WireInjector(const WireInjector &) = delete;
    WireInjector &operator=(const WireInjector &) = delete;

    InjectorStats Stats() const;
    void Stop();

  private:
    struct Line {
        uint32_t direction;
        uint32_t first_slot;
        uint32_t mask;
        wire_state *state;
    };

    void Loop();
    uint64_t Collect(uint64_t now);
    bool Inject();
    void SleepUntil(uint64_t due);

    UniqueFd netns_;
    UniqueFd program_;
    UniqueFd stop_;
    UniqueFd timer_;
    MappedArray config_;
    MappedArray state_;
    MappedArray ring_;
    MappedArray wake_;
    MappedArray batch_;
    UniqueFd kick_;
    ::ring_buffer *kicks_ = nullptr;

    std::vector<Line> lines_;
    size_t first_line_ = 0;
    uint32_t collected_ = 0;
    std::atomic<bool> stopping_ = false;
    std::atomic<uint64_t> wakeups_ = 0, runs_ = 0, frames_ = 0;
    std::atomic<int> error_ = 0;
    std::thread thread_;
};

} // namespace cilion
