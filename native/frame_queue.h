// Frames on their way from the re-injecting thread to the one that writes captures.
#pragma once

#include "../bpf/wire.h"

#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>

namespace cilion
{

/// One producer, one consumer, neither ever waits: the producer is the thread that must be punctual.
class FrameQueue
{
  public:
    /// `capacity`: bytes, a power of two.
    explicit FrameQueue(size_t capacity)
        : size_(capacity), mask_(capacity - 1), memory_(std::make_unique_for_overwrite<char[]>(capacity))
    {
    }

    /// Copies header and the first `captured` bytes. False when there is no room.
    bool Push(const wire_frame &frame, size_t captured)
    {
        size_t size = WIRE_FRAME_HEADER + captured, needed = kSizeBytes + Aligned(size);
        uint64_t head = head_.load(std::memory_order_relaxed);
        size_t to_end = size_ - (head & mask_);
        size_t skipped = needed > to_end ? to_end : 0; // a record never wraps
        if (head + skipped + needed - tail_.load(std::memory_order_acquire) > size_)
            return false;
        if (skipped > 0)
            SetSize(head, kSkip);
        head += skipped;
        SetSize(head, size);
        memcpy(&memory_[(head & mask_) + kSizeBytes], &frame, size);
        head_.store(head + needed, std::memory_order_release);
        return true;
    }

    /// Calls `body(frame, size)` for each record; `size` includes the header.
    template <typename Body> void Drain(Body body)
    {
        uint64_t tail = tail_.load(std::memory_order_relaxed), head = head_.load(std::memory_order_acquire);
        while (tail != head) {
            uint64_t size;
            memcpy(&size, &memory_[tail & mask_], kSizeBytes);
            if (size == kSkip) {
                tail += size_ - (tail & mask_);
                continue;
            }
            body(reinterpret_cast<const wire_frame *>(&memory_[(tail & mask_) + kSizeBytes]), size);
            tail += kSizeBytes + Aligned(size);
            tail_.store(tail, std::memory_order_release);
        }
    }

  private:
    static constexpr size_t kSizeBytes = 8;
    static constexpr uint64_t kSkip = 0;

    static size_t Aligned(size_t size) { return (size + 7) & ~size_t{7}; }
    void SetSize(uint64_t at, uint64_t size) { memcpy(&memory_[at & mask_], &size, kSizeBytes); }

    size_t size_, mask_;
    std::unique_ptr<char[]> memory_;
    std::atomic<uint64_t> head_ = 0, tail_ = 0;
};

} // namespace cilion
