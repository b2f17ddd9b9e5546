#include "mapped_array.h"

#include <bpf/bpf.h>
#include <cerrno>
#include <sys/mman.h>
#include <system_error>

namespace cilion
{
namespace
{

[[noreturn]] void Fail(const std::string &what)
{
    throw std::system_error(errno, std::generic_category(), what);
}

} // namespace

UniqueFd OpenPinned(const std::string &path)
{
    UniqueFd fd(bpf_obj_get(path.c_str()));
    if (!fd.valid())
        Fail("BPF_OBJ_GET " + path);
    return fd;
}

MappedArray::MappedArray(const std::string &pinned_path)
{
    UniqueFd fd = OpenPinned(pinned_path);
    bpf_map_info info{};
    uint32_t length = sizeof(info);
    if (bpf_obj_get_info_by_fd(fd.get(), &info, &length))
        Fail("BPF_OBJ_GET_INFO_BY_FD " + pinned_path);
    entries_ = info.max_entries;
    stride_ = (info.value_size + 7) & ~size_t{7};
    bytes_ = stride_ * entries_;
    memory_ = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
    if (memory_ == MAP_FAILED)
        Fail("mmap " + pinned_path);
}

MappedArray::~MappedArray()
{
    munmap(memory_, bytes_);
}

} // namespace cilion
