// Writes captured frames to pcap files with nanosecond timestamps, one file a direction.
#pragma once

#include "frame_queue.h"
#include "mapped_array.h"

#include <condition_variable>
#include <cstdio>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

struct ring_buffer;

namespace cilion
{

struct CaptureResult {
    uint64_t packets = 0;
    /// 0, or the errno of the write that failed; the file ends there.
    int error = 0;
};

/// Writes what the BPF program puts into wire_capture, and the re-injecting thread into a queue, from a
/// thread that does nothing while nothing is captured.
class WireCapture
{
  public:
    /// Throws std::system_error.
    explicit WireCapture(const std::string &folder);
    ~WireCapture();
    WireCapture(const WireCapture &) = delete;
    WireCapture &operator=(const WireCapture &) = delete;

    /// Creates the file. Throws std::system_error, EEXIST if the file or a capture of the direction exists.
    void Start(uint32_t direction, const std::string &path, uint32_t snap_length);
    /// Every record of the direction is in its file when this returns, provided that
    /// wire_config.capture_bytes was set to 0 before. Waits for a grace period of the kernel (milliseconds).
    /// Throws std::system_error, ENOENT.
    CaptureResult Stop(uint32_t direction);

    /// For the re-injecting thread: never waits; false when the queue is full. `frame.time` is when it left
    /// the wire.
    bool Deliver(const wire_frame &frame, size_t captured) { return queue_->Push(frame, captured); }

  private:
    struct File {
        FILE *stream = nullptr;
        int64_t clock_offset_ns = 0;
        CaptureResult result;
    };

    static int OnRecord(void *self, void *record, size_t size);
    void Keep(const wire_frame *frame, size_t size);
    static void Write(File &file, const wire_frame &frame, size_t captured);
    void Loop();
    void Drain();

    UniqueFd map_;
    ::ring_buffer *ring_ = nullptr;
    std::unique_ptr<FrameQueue> queue_;
    /// Records of one drain, until they are in order of time.
    std::vector<char> records_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<uint32_t, File> files_;
    bool stopping_ = false;
    std::thread thread_;
};

} // namespace cilion
