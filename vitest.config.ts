import { defineConfig } from 'vitest/config'

const lib = (path: string) => new URL(`./lib/${path}`, import.meta.url).pathname

export default defineConfig({
  // Programs of test/api import the package by its name.
  resolve: {
    alias: [
      { find: /^torch-lora\/(nn|serve)$/, replacement: lib('$1/index.ts') },
      { find: /^torch-lora$/, replacement: lib('index.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    globalSetup: 'scripts/built/dist.mjs',
    setupFiles: 'test/setup.ts',
    // Two cores: one file at a time, since every file runs libtorch on all of them.
    fileParallelism: false,
    // Some tests kill processes and watch the clock, on machines that others use too.
    retry: process.env.CI ? 1 : 0,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
