/**
 * Texts that are in the engine at once, each a task of libuv's thread pool: two hide the way there and back, and more
 * than the cores but one would make the main thread's timers late.
 */
export const lanesOf = (cores: number): number => Math.max(2, Math.min(4, cores - 1))
