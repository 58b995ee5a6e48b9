import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

const lib = (path: string) => new URL(`./lib/${path}`, import.meta.url).pathname

const alone = [
  'distributed/**/*',
  'endings',
  'executor',
  'fuzz/**/*',
  'gpu/**/*',
  'inference/frozen-memory',
  'memory',
  'package/**/*',
  'serve/**/*',
  'sweep/**/*',
  'tokenizer/{engine,responsive,long-runs}',
].map((name) => `test/${name}.test.ts`)

export default defineConfig({
  // Programs of test/api import the package by its name.
  resolve: {
    alias: [
      { find: /^torch-lora\/(nn|serve)$/, replacement: lib('$1/index.ts') },
      { find: /^torch-lora$/, replacement: lib('index.ts') },
    ],
  },
  test: {
    pool: 'forks',
    globalSetup: 'scripts/built/dist.mjs',
    setupFiles: 'test/setup.ts',
    // Most files side by side, each with one thread; then, one after the other, those that kill processes, watch
    // the clock or measure memory.
    projects: [
      {
        extends: true,
        test: {
          name: 'together',
          include: ['test/**/*.test.ts'],
          exclude: alone,
          maxWorkers: availableParallelism(),
          env: { OMP_NUM_THREADS: '1' },
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: 'alone', include: alone, fileParallelism: false, sequence: { groupOrder: 1 } },
      },
    ],
    // Some tests kill processes and watch the clock, on machines that others use too.
    retry: process.env.CI ? 1 : 0,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
