/* wire.bpf.c for wires whose MTU exceeds 1502: slots for the longest frame that BPF_PROG_RUN can re-inject.
 */
#define WIRE_FRAME_BYTES 3312
#include "wire.bpf.c"
