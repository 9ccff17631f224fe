/** How Node runs a bridge beside a game server. Measured in `docs/benchmarks.md`. */

/**
 * A young generation of 1 MB in place of 16, which a process that answers a few small calls a second never needs; an old one that is
 * collected before it grows. No optimising compilers: their code alone touches 8 MB, what they make of ours as much again, and a call takes
 * 0.1 to 0.3 ms longer without them.
 */
export const BRIDGE_NODE_FLAGS = ['--max-semi-space-size=1', '--optimize-for-size', '--no-maglev', '--no-turbofan'] as const;

/**
 * What V8's parser works with comes from the C library in pieces of 32 KB and is all given back once the program is loaded; but as small pieces
 * it lies in the one heap of the C library, below what stays, and 9 to 12 MB of that are never returned. Pieces of this size are mapped one by
 * one instead, and go (glibc's `mallopt(3)`).
 */
export const BRIDGE_ENV = { MALLOC_MMAP_THRESHOLD_: '32768' } as const;
