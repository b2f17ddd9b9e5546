// Pinned BPF objects, and the memory of arrays that user space shares with BPF programs.
#pragma once

#include "fd.h"

#include <cstddef>
#include <cstdint>
#include <string>

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

} // namespace cilion
