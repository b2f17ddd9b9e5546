/*
 * SCMP error messages to a node (doc/protocols/scmp.rst): a router on the way says that an interface of a
 * path does not forward. User space hears of it; whoever it is from cannot be known, so it is for user space
 * to doubt.
 */
#pragma once

#include "node_maps.h"
#include "transmit.h"

#define SCION_NEXT_SCMP                  202
#define SCMP_EXTERNAL_INTERFACE_DOWN     5
#define SCMP_INTERNAL_CONNECTIVITY_DOWN  6
#define SCMP_EXTERNAL_INTERFACE_DOWN_LEN 20
#define SCMP_INTERNAL_CONNECTIVITY_LEN   28

struct scmp_interface_down {
    __u8 type;
    __u8 code;
    __be16 checksum;
    /* ISD-AS, then one interface (type 5) or two (type 6): the packet came in by the first. */
    __be32 ia[2];
    __be32 interface[2];
};

/* What user space gets. */
struct cilion_interface_down {
    __be64 ia;
    /* The interface that is down (type 5), or that the packet entered the AS by (type 6). */
    __be64 ifid;
};

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4096);
} events SEC(".maps");

/* As much of the quoted packet as is looked at: its header up to the hosts, and two IPv4 addresses. */
#define QUOTE_LEN (sizeof(struct scion_header) + 8)

/* The packet that a message is about must be one of the node's own. */
static __always_inline bool quotes_own_packet(const struct packet *p, const void *quote,
                                              const struct cilion_as *as, const struct cilion_node *node)
{
    const struct scion_header *scion = quote;
    const __be32 *hosts = (const void *)(scion + 1);

    return (const void *)(hosts + 2) <= p->end && *src_ia(scion) == as->ia &&
           scion->host_types == SCION_HOST_IPV4 && hosts[1] == node->internal_ip;
}

/* Not static: see deliver(). */
__noinline int receive_scmp(struct xdp_md *ctx, __u32 as_slot)
{
    struct underlay *u = (void *)(long)ctx->data;
    struct packet p = {.end = (void *)(long)ctx->data_end, .scion = (void *)(u + 1)};
    struct cilion_as *as = bpf_map_lookup_elem(&ases, &as_slot);
    struct cilion_node *node = own_node();
    struct scmp_interface_down *message;
    struct cilion_interface_down *event;
    __u32 length;

    if (!as || !node || (void *)(u + 1) > p.end)
        return XDP_DROP;
    p.length = bpf_ntohs(udp_of(u)->len) - sizeof(struct udphdr);
    if ((void *)(p.scion + 1) > p.end)
        return XDP_DROP;
    p.header_len = p.scion->words * 4;
    message = (void *)p.scion + p.header_len;
    if ((void *)(message + 1) > p.end)
        return refuse(as, CILION_LOCAL_DELIVERY, &p, u);
    if (message->type == SCMP_EXTERNAL_INTERFACE_DOWN)
        length = SCMP_EXTERNAL_INTERFACE_DOWN_LEN;
    else if (message->type == SCMP_INTERNAL_CONNECTIVITY_DOWN)
        length = SCMP_INTERNAL_CONNECTIVITY_LEN;
    else
        return refuse(as, CILION_LOCAL_DELIVERY, &p, u);
    if (p.header_len + length + QUOTE_LEN > p.length ||
        !quotes_own_packet(&p, (void *)message + length, as, node))
        return refuse(as, CILION_LOCAL_DELIVERY, &p, u);
    /* A full ring has told user space enough. */
    event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
    if (event) {
        __builtin_memcpy(&event->ia, message->ia, 8);
        __builtin_memcpy(&event->ifid, message->interface, 8);
        bpf_ringbuf_submit(event, 0);
    }
    count(as->slot, CILION_INTERFACE_DOWN_HEARD, p.end - (void *)u);
    return XDP_DROP;
}
