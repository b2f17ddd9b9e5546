/* What arrivals.bpf.c and user space share. */
#pragma once

#include "vmlinux.h"

/* From the IPv4 header on: 20 bytes of it, 8 of UDP's, and 24 that UDP carries. */
#define CILION_AWAITED_BYTES 52

/* By what a packet is known: its first bytes without TTL and checksum, which change on the way. */
struct cilion_awaited {
    __u8 head[CILION_AWAITED_BYTES];
};
