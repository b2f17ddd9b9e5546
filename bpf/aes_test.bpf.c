/* For tests: AES and the hop-field MAC on the first 16 bytes of a packet, under the key of AS slot 0. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "mac.h"

static __always_inline struct cilion_as *first_as(void)
{
    __u32 zero = 0;

    return bpf_map_lookup_elem(&ases, &zero);
}

SEC("xdp")
int encrypt_block(struct xdp_md *ctx)
{
    __u64 *data = (void *)(long)ctx->data, block[2];
    struct cilion_as *as = first_as();

    if (!as || (void *)(data + 2) > (void *)(long)ctx->data_end)
        return XDP_ABORTED;
    block[0] = data[0];
    block[1] = data[1];
    if (!encrypt(as, block))
        return XDP_ABORTED;
    data[0] = block[0];
    data[1] = block[1];
    return XDP_PASS;
}

/* Leaves the MAC in the first six bytes and zero in the next two. */
SEC("xdp")
int mac_block(struct xdp_md *ctx)
{
    __u64 *data = (void *)(long)ctx->data;
    struct cilion_as *as = first_as();

    if (!as || (void *)(data + 2) > (void *)(long)ctx->data_end)
        return XDP_ABORTED;
    data[0] = hop_mac(as, data[0], data[1]);
    return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
