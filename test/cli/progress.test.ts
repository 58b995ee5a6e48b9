import { describe, expect, it } from 'vitest'
import { formatTime } from '../../lib/cli/progress.ts'

describe('times left', () => {
  it.each([
    [7, '07s'],
    [58, '60s'],
    [3239, '54m00s'],
    [3598, '60m00s'],
    [9900, '02h45m'],
    [14_390, '04h00m'],
  ])('%d seconds are %s', (seconds, text) => {
    expect(formatTime(seconds, { autopaddingChar: '0' }, 5)).toBe(text)
  })

  it.each(['0', 'NULL', 'INF'])("are unknown while cli-progress says '%s'", (text) => {
    expect(formatTime(text, {}, 5)).toBe('?')
  })
})
