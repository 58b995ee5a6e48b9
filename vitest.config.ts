import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    // Two cores: one file at a time, since every file runs libtorch on all of them.
    fileParallelism: false,
    // Some tests kill processes and watch the clock, on machines that others use too.
    retry: process.env.CI ? 1 : 0,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
