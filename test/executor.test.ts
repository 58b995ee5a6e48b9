import { execFileSync } from 'node:child_process'
import { beforeAll, describe, expect, it } from 'vitest'

describe("the executor's threads", () => {
  let found: { priorities: number[]; ended: number; sums: number[][] }

  beforeAll(() => {
    const script = new URL('executor-threads.ts', import.meta.url).pathname
    found = JSON.parse(execFileSync(process.execPath, ['--import', 'tsx', script], { encoding: 'utf8' }))
  })

  it('are never above the process that started them', () => {
    expect(found.priorities.length).toBeGreaterThan(1)
    expect(Math.min(...found.priorities)).toBeGreaterThanOrEqual(10)
  })

  it('have no idle threads of the event loop beside them, which would keep them from spinning', () => {
    expect(found.ended).toBeGreaterThan(0)
    expect(found.sums).toEqual(Array.from({ length: 4 }, () => [1000, 1000]))
  })
})
