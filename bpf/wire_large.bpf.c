/* wire.bpf.c for wires whose MTU exceeds 1502, up to what a veth with an XDP program takes. */
#define WIRE_FRAME_BYTES 3520
#include "wire.bpf.c"
