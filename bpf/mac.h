/*
 * Hop-field MAC: AES-CMAC of one full block (RFC 4493 section 2.4, last block complete: XOR with K1),
 * truncated to six bytes. Packets of one flow repeat the same inputs, so each CPU remembers recent ones.
 */
#pragma once

#include "maps.h"
#ifdef CILION_AES_KERNEL
#include "aes_kernel.h"
#else
#include "aes.h"
#endif

#define MAC_MASK 0xffffffffffffULL

#ifdef CILION_AES_KERNEL
static __always_inline __u64 compute_mac(const struct cilion_as *as, __u64 first, __u64 second)
{
    return aes_kernel_encrypt(as->slot, first ^ as->subkey[0], second ^ as->subkey[1]) & MAC_MASK;
}
#else
static __always_inline __u64 compute_mac(const struct cilion_as *as, __u64 first, __u64 second)
{
    struct aes_block block;

    first ^= as->subkey[0];
    second ^= as->subkey[1];
    block.column[0] = first;
    block.column[1] = first >> 32;
    block.column[2] = second;
    block.column[3] = second >> 32;
    aes_encrypt(as->round_keys, &block);
    return ((__u64)block.column[1] << 32 | block.column[0]) & MAC_MASK;
}
#endif

/* The six bytes of the MAC over a 16-byte input, as the lower bytes of a number; all in memory order. */
static __noinline __u64 hop_mac(const struct cilion_as *as, __u64 first, __u64 second)
{
    __u64 hash = (first ^ second * 0x9e3779b97f4a7c15ULL) * 0xd6e8feb86659fd93ULL;
    __u64 tag = ((__u64)as->slot + 1) << 32 | as->key_epoch;
    __u32 slot = hash >> 54;
    struct cilion_mac_entry *entry = bpf_map_lookup_elem(&mac_cache, &slot);
    __u64 mac;

    if (entry && entry->input[0] == first && entry->input[1] == second && entry->tag == tag)
        return entry->mac;
    mac = compute_mac(as, first, second);
    if (entry) {
        entry->input[0] = first;
        entry->input[1] = second;
        entry->mac = mac;
        entry->tag = tag;
    }
    return mac;
}
