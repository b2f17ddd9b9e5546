// Device features (offloads) by their ethtool names, in the calling thread's network namespace.
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>
#include <unordered_map>
#include <vector>

#include <napi.h>

namespace
{

class EthtoolSocket
{
  public:
    explicit EthtoolSocket(const std::string &device) : device_(device), fd_(socket(AF_INET, SOCK_DGRAM, 0))
    {
        if (fd_ < 0)
            throw std::system_error(errno, std::generic_category(), "socket");
    }
    ~EthtoolSocket() { close(fd_); }
    EthtoolSocket(const EthtoolSocket &) = delete;
    EthtoolSocket &operator=(const EthtoolSocket &) = delete;

    void Call(void *command, const char *what) const
    {
        struct ifreq request = {};
        strncpy(request.ifr_name, device_.c_str(), IFNAMSIZ - 1);
        request.ifr_data = static_cast<char *>(command);
        if (ioctl(fd_, SIOCETHTOOL, &request) < 0)
            throw std::system_error(errno, std::generic_category(), std::string(what) + " " + device_);
    }

  private:
    std::string device_;
    int fd_;
};

// Feature name -> bit; the same for every device of a kernel.
const std::unordered_map<std::string, uint32_t> &FeatureBits(const EthtoolSocket &ethtool)
{
    static std::unordered_map<std::string, uint32_t> bits;
    if (!bits.empty())
        return bits;
    alignas(ethtool_sset_info) char info_memory[sizeof(ethtool_sset_info) + sizeof(uint32_t)] = {};
    auto *info = reinterpret_cast<ethtool_sset_info *>(info_memory);
    info->cmd = ETHTOOL_GSSET_INFO;
    info->sset_mask = 1ULL << ETH_SS_FEATURES;
    ethtool.Call(info, "ETHTOOL_GSSET_INFO");
    uint32_t count = info->sset_mask == 0 ? 0 : info->data[0];
    std::vector<char> memory(sizeof(ethtool_gstrings) + count * ETH_GSTRING_LEN);
    auto *strings = reinterpret_cast<ethtool_gstrings *>(memory.data());
    strings->cmd = ETHTOOL_GSTRINGS;
    strings->string_set = ETH_SS_FEATURES;
    strings->len = count;
    ethtool.Call(strings, "ETHTOOL_GSTRINGS");
    for (uint32_t i = 0; i < count; i++) {
        const char *name = reinterpret_cast<const char *>(strings->data) + i * ETH_GSTRING_LEN;
        bits.emplace(std::string(name, strnlen(name, ETH_GSTRING_LEN)), i);
    }
    return bits;
}

// setFeatures(device, {feature: on}): features that the kernel does not know are returned, not set.
Napi::Value SetFeatures(const Napi::CallbackInfo &info)
{
    Napi::Env env = info.Env();
    std::string device = info[0].As<Napi::String>();
    Napi::Object wanted = info[1].As<Napi::Object>();
    Napi::Array unknown = Napi::Array::New(env);
    try {
        EthtoolSocket ethtool(device);
        const auto &bits = FeatureBits(ethtool);
        uint32_t blocks = (bits.size() + 31) / 32;
        std::vector<char> memory(sizeof(ethtool_sfeatures) + blocks * sizeof(ethtool_set_features_block));
        auto *command = reinterpret_cast<ethtool_sfeatures *>(memory.data());
        command->cmd = ETHTOOL_SFEATURES;
        command->size = blocks;
        for (const auto &[key, value] : wanted) {
            std::string name = key.As<Napi::String>();
            auto bit = bits.find(name);
            if (bit == bits.end()) {
                unknown.Set(unknown.Length(), Napi::String::New(env, name));
                continue;
            }
            auto &block = command->features[bit->second / 32];
            uint32_t mask = 1U << (bit->second % 32);
            block.valid |= mask;
            if (Napi::Value(value).As<Napi::Boolean>())
                block.requested |= mask;
        }
        ethtool.Call(command, "ETHTOOL_SFEATURES");
    } catch (const std::system_error &error) {
        Napi::Error thrown = Napi::Error::New(env, error.what());
        thrown.Set("errno", Napi::Number::New(env, error.code().value()));
        thrown.Set("code", Napi::String::New(env, strerrorname_np(error.code().value())));
        throw thrown;
    }
    return unknown;
}

} // namespace

void InitFeatures(Napi::Env env, Napi::Object exports)
{
    exports.Set("setFeatures", Napi::Function::New(env, SetFeatures, "setFeatures"));
}
