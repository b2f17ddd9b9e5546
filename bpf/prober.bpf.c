/*
 * Sends a probe of a path's health (probe.h). Attached nowhere: user space runs it on a frame that it has
 * made (BPF_PROG_RUN), as a tc program, since that costs a quarter of a run of XDP with live frames.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "path_device.h"
#include "scion.h"

/* The time and the device are put in here, and where BGP routes the underlay the next hop. */
SEC("tc")
int send_probe(struct __sk_buff *skb)
{
    void *end = (void *)(long)skb->data_end;
    struct scion_header *scion = (void *)(long)skb->data + UNDERLAY_LEN;
    __u32 id, ifindex, length = skb->len - UNDERLAY_LEN;
    struct cilion_probe *probe;
    struct cilion_path *path;

    if ((void *)(scion + 1) > end)
        return 0;
    probe = (void *)scion + scion->words * 4;
    if ((void *)(probe + 1) > end || probe->magic != bpf_htonl(CILION_PROBE_MAGIC))
        return 0;
    id = bpf_ntohl(probe->path);
    path = bpf_map_lookup_elem(&paths, &id);
    if (!path)
        return 0;
    probe->sent_ns = bpf_cpu_to_be64(bpf_ktime_get_ns());
    ifindex = device_of(skb, path);
    if (ifindex == 0)
        count(0, CILION_NO_ROUTE, length);
    else
        /* A device that does not take it, such as one that is down, loses it like a wire would. */
        count(0, bpf_clone_redirect(skb, ifindex, 0) ? CILION_NO_DEVICE : CILION_PROBE_SENT, length);
    return 0;
}

char LICENSE[] SEC("license") = "GPL";
