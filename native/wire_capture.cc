#include "wire_capture.h"

#include <algorithm>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <system_error>

namespace cilion
{
namespace
{

constexpr int64_t kNsPerSecond = 1'000'000'000;
/// The programs send no wake-ups: at a million frames a second each would cost more than the record.
constexpr auto kPollInterval = std::chrono::milliseconds(5);
constexpr size_t kFileBufferBytes = 1 << 18;

/// File header and record header of the pcap format with nanosecond timestamps (draft-ietf-opsawg-pcap).
struct PcapHeader {
    uint32_t magic = 0xa1b23c4d;
    uint16_t major = 2, minor = 4;
    uint32_t reserved[2] = {};
    uint32_t snap_length;
    uint32_t link_type = 1; // LINKTYPE_ETHERNET
};

struct PcapRecord {
    uint32_t seconds, nanoseconds, captured, length;
};

int64_t Now(clockid_t clock)
{
    timespec time{};
    clock_gettime(clock, &time);
    return time.tv_sec * kNsPerSecond + time.tv_nsec;
}

/// All program runs that began before this call have ended when it returns.
void WaitForPrograms()
{
    syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

[[noreturn]] void Fail(int error, const std::string &what)
{
    throw std::system_error(error, std::generic_category(), what);
}

} // namespace

WireCapture::WireCapture(const std::string &folder) : map_(OpenPinned(folder + "/wire_capture"))
{
    ring_ = ring_buffer__new(map_.get(), OnRecord, this, nullptr);
    if (ring_ == nullptr)
        Fail(errno, "ring_buffer__new wire_capture");
    bpf_map_info info{};
    uint32_t length = sizeof(info);
    if (bpf_obj_get_info_by_fd(map_.get(), &info, &length))
        Fail(errno, "BPF_OBJ_GET_INFO_BY_FD wire_capture");
    queue_ = std::make_unique<FrameQueue>(info.max_entries);
}

WireCapture::~WireCapture()
{
    {
        std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable())
        thread_.join();
    for (auto &[direction, file] : files_)
        fclose(file.stream);
    ring_buffer__free(ring_);
}

void WireCapture::Start(uint32_t direction, const std::string &path, uint32_t snap_length)
{
    std::lock_guard lock(mutex_);
    if (files_.contains(direction))
        Fail(EEXIST, "capture of direction " + std::to_string(direction));
    File file{.stream = fopen(path.c_str(), "wbxe"),
              .clock_offset_ns = Now(CLOCK_REALTIME) - Now(CLOCK_MONOTONIC),
              .result = {}};
    if (file.stream == nullptr)
        Fail(errno, "open " + path);
    setvbuf(file.stream, nullptr, _IOFBF, kFileBufferBytes);
    PcapHeader header{.snap_length = snap_length};
    if (fwrite(&header, sizeof(header), 1, file.stream) != 1 || fflush(file.stream) != 0) {
        int error = errno;
        fclose(file.stream);
        Fail(error, "write " + path);
    }
    files_.emplace(direction, file);
    if (!thread_.joinable())
        thread_ = std::thread([this] { Loop(); });
    changed_.notify_all();
}

CaptureResult WireCapture::Stop(uint32_t direction)
{
    WaitForPrograms();
    std::lock_guard lock(mutex_);
    auto found = files_.find(direction);
    if (found == files_.end())
        Fail(ENOENT, "capture of direction " + std::to_string(direction));
    Drain();
    File file = found->second;
    files_.erase(found);
    if (fclose(file.stream) != 0 && file.result.error == 0)
        file.result.error = errno;
    return file.result;
}

void WireCapture::Loop()
{
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        if (files_.empty()) {
            changed_.wait(lock);
            continue;
        }
        Drain();
        changed_.wait_for(lock, kPollInterval);
    }
}

/// With the mutex held: both sources have one reader at a time. A direction whose delay begins or ends has
/// frames in both, so they are sorted by time before they are written.
void WireCapture::Drain()
{
    records_.clear();
    ring_buffer__consume(ring_);
    queue_->Drain([this](const wire_frame *frame, size_t size) { Keep(frame, size); });
    if (records_.empty())
        return;
    struct Record {
        const wire_frame *frame;
        size_t captured;
    };
    std::vector<Record> records;
    for (size_t at = 0; at < records_.size();) {
        size_t size;
        memcpy(&size, &records_[at], sizeof(size));
        records.push_back(
            {reinterpret_cast<const wire_frame *>(&records_[at + sizeof(size)]), size - WIRE_FRAME_HEADER});
        at += sizeof(size) + ((size + 7) & ~size_t{7});
    }
    std::ranges::stable_sort(records, {}, [](const Record &record) { return record.frame->time; });
    for (const auto &[frame, captured] : records) {
        auto found = files_.find(frame->direction);
        if (found != files_.end())
            Write(found->second, *frame, std::min<size_t>(captured, frame->length));
    }
    for (auto &[direction, file] : files_)
        if (fflush(file.stream) != 0 && file.result.error == 0)
            file.result.error = errno;
}

void WireCapture::Keep(const wire_frame *frame, size_t size)
{
    size_t at = records_.size();
    records_.resize(at + sizeof(size) + ((size + 7) & ~size_t{7}));
    memcpy(&records_[at], &size, sizeof(size));
    memcpy(&records_[at + sizeof(size)], frame, size);
}

int WireCapture::OnRecord(void *self, void *record, size_t size)
{
    static_cast<WireCapture *>(self)->Keep(static_cast<const wire_frame *>(record), size);
    return 0;
}

void WireCapture::Write(File &file, const wire_frame &frame, size_t captured)
{
    if (file.result.error != 0)
        return;
    int64_t time = static_cast<int64_t>(frame.time) + file.clock_offset_ns;
    PcapRecord record{.seconds = static_cast<uint32_t>(time / kNsPerSecond),
                      .nanoseconds = static_cast<uint32_t>(time % kNsPerSecond),
                      .captured = static_cast<uint32_t>(captured),
                      .length = frame.length};
    if (fwrite(&record, sizeof(record), 1, file.stream) != 1 ||
        fwrite(frame.data, captured, 1, file.stream) != 1)
        file.result.error = errno;
    else
        file.result.packets++;
}

} // namespace cilion
