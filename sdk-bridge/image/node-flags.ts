/** How Node runs a bridge beside a game server. Measured in `docs/benchmarks.md`. */

/**
 * A young generation of 1 MB in place of 16, which a process that answers a few small calls a second never needs; an old one that is
 * collected before it grows. No optimising compilers: their code alone touches 8 MB, what they make of ours as much again, and a call takes
 * 0.1 to 0.3 ms longer without them. No threads that collect: those that mark while the program is loaded leave 9 MB behind in most starts.
 */
export const BRIDGE_NODE_FLAGS = [
  '--max-semi-space-size=1',
  '--optimize-for-size',
  '--no-maglev',
  '--no-turbofan',
  '--single-threaded-gc',
] as const;
