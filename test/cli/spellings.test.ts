import { describe, expect, it } from 'vitest'
import { duration } from '../../lib/cli/options.ts'
import { serveCommand } from '../../lib/cli/serve.ts'
import { spellingsOf, withShortFlags } from '../../lib/cli/spellings.ts'
import { trainCommand } from '../../lib/cli/train.ts'
import { resolveRecipe } from '../../lib/sweep/recipe.ts'
import { shortNames } from '../../lib/sweep/short-names.ts'

describe('an option’s own name', () => {
  it('is a flag, with a value behind it or after an equals sign', () => {
    expect(
      withShortFlags(['train', '--learning-rate', '1e-4', '--lora-alpha=16', '--use-dora', '--r', '4']),
    ).toEqual(['train', '--lr', '1e-4', '--alpha', '16', '--dora', '--r', '4'])
  })

  it('is left alone where it is a value or stands behind --', () => {
    const args = ['predict', '--input', 'learning-rate', '--', '--learning-rate']
    expect(withShortFlags(args)).toEqual(args)
  })

  it('brings its unit along where it ends in one', () => {
    expect(withShortFlags(['--request-timeout-ms', '500', '--grace-ms=2000'])).toEqual([
      '--request-timeout',
      '500ms',
      '--grace',
      '2000ms',
    ])
  })

  it('has a short flag that there is', () => {
    const commands = [trainCommand(), serveCommand('0')]
    const own = new Set(commands.flatMap(({ options }) => options.map((option) => option.attributeName())))
    expect(Object.values(shortNames).filter((short) => !own.has(short))).toEqual([])
  })

  it('is said by the help of a command that has it', () => {
    expect(spellingsOf(trainCommand().options)).toMatch(/--learning-rate is --lr, .*--lora-alpha is --alpha/)
    expect(spellingsOf([])).toBe('')
  })

  it('is a key of a recipe', () => {
    const { settings, methods, tasks } = resolveRecipe({
      model: 'm',
      tasks: [{ name: 'rte', learningRate: 1e-3 } as never],
      methods: [{ r: 4, loraAlpha: 8, useDora: true } as never],
      settings: { warmupRatio: 0.1, maxGradNorm: 2 } as never,
    })
    expect(settings).toEqual({ warmup: 0.1, clip: 2 })
    expect(methods).toEqual([{ r: 4, alpha: 8, dora: true }])
    expect(tasks).toEqual([{ name: 'rte', lr: 1e-3 }])
  })
})

it('a time has its unit, and is of seconds without one', () => {
  expect(['500ms', '30s', '2m', '1.5s', '30'].map(duration)).toEqual([500, 30_000, 120_000, 1500, 30_000])
  for (const wrong of ['', '0', '-1s', '5h', 's', '1e3'])
    expect(() => duration(wrong)).toThrow(/expected a time above 0 with its unit/)
})
