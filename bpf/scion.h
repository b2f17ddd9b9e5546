/* SCION formats (doc/protocols/scion-header.rst, extension-header.rst), only what a border router reads. */
#pragma once

#include "vmlinux.h"
#include <bpf/bpf_endian.h>

#define SCION_PATH_EMPTY    0
#define SCION_PATH_STANDARD 1
#define SCION_PATH_ONE_HOP  2
#define SCION_PATH_EPIC     3

#define SCION_NEXT_HOP_BY_HOP 200
#define SCION_NEXT_END_TO_END 201
#define SCION_NEXT_BFD        203
/* Experimental protocol numbers: a pod's IP packet, and a probe of a path's health. */
#define SCION_NEXT_POD_PACKET 253
#define SCION_NEXT_PROBE      254

#define SCION_META_LEN 4
#define SCION_INFO_LEN 8
#define SCION_HOP_LEN  12
#define SCION_MAX_HOPS 64
/* Common header with both ISD-AS numbers, then the hosts: 4 bytes each at least, 16 at most. */
#define SCION_FIXED_LEN     28
#define SCION_MIN_HOSTS_LEN 8
#define SCION_HOST_IPV4     0
#define SCION_HOST_SERVICE  4
/* 24 h / 256, the unit of a hop field's ExpTime. */
#define SCION_EXPIRY_UNIT_NS 337500000000ULL

/* First bit of a hop field's and of an info field's flags. */
#define SCION_HOP_EGRESS_ALERT  1
#define SCION_HOP_INGRESS_ALERT 2
#define SCION_INFO_CONS_DIR     1
#define SCION_INFO_PEERING      2

struct scion_header {
    __be32 version_class_flow;
    __u8 next_header;
    /* Length of the header in 4-byte units. */
    __u8 words;
    __be16 payload_len;
    __u8 path_type;
    /* Type and length of the destination host in the upper half, of the source host in the lower. */
    __u8 host_types;
    __be16 reserved;
    /* dst_ia(), src_ia() */
    __be32 ias[4];
};

/* At a multiple of 4 and read at once: see ip_of(). */
static __always_inline __be64 *dst_ia(const struct scion_header *scion)
{
    return (void *)scion->ias;
}

static __always_inline __be64 *src_ia(const struct scion_header *scion)
{
    return (void *)(scion->ias + 2);
}

/* Bytes of a host address from its 4-bit type and length. */
static __always_inline __u32 scion_host_len(__u32 type_and_len)
{
    return ((type_and_len & 3) + 1) * 4;
}
