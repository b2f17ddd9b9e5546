/* The MSS option of a TCP SYN (RFC 9293 section 3.7.1), so that segments fit once they are encapsulated. */
#pragma once

#include "vmlinux.h"
#include <bpf/bpf_endian.h>

#define TCP_OPTION_END 0
#define TCP_OPTION_NOP 1
#define TCP_OPTION_MSS 2
#define IP_AND_TCP_LEN 40

/* Offset of the MSS value from the start of the TCP header; 0 where the segment is no SYN or has none. */
static __always_inline __u32 find_mss(const struct tcphdr *tcp, const void *end)
{
    const void *start = tcp;
    __u32 at = sizeof(*tcp), length;

    if ((void *)(tcp + 1) > end || !tcp->syn)
        return 0;
    length = tcp->doff * 4;
    /* A SYN has few options, and the MSS comes first from every system there is. */
    for (int i = 0; i < 10; i++) {
        const __u8 *option = start + at;

        if (at > 56 || at + 4 > length || (void *)(option + 4) > end || option[0] == TCP_OPTION_END)
            return 0;
        if (option[0] == TCP_OPTION_MSS)
            return option[1] == 4 ? at + 2 : 0;
        if (option[0] == TCP_OPTION_NOP) {
            at++;
        } else {
            if (option[1] < 2)
                return 0;
            at += option[1];
        }
    }
    return 0;
}

/* As the checksum sees it: a value at an odd offset is spread over two of its words. */
static __always_inline __be16 as_summed(__be16 value, __u32 offset)
{
    return offset & 1 ? __builtin_bswap16(value) : value;
}
