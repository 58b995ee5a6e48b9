import { expect, it } from 'vitest'
import { node } from '../cli/run.ts'
import { tinyModel } from '../train/tiny.ts'

const dist = new URL('../../dist/', import.meta.url).href

/** What a process of its own prints of a script. */
async function printed(script: string): Promise<string> {
  const { code, stdout, stderr } = await node(['--input-type=module', '--eval', script])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return stdout
}

it('a script that seeds nothing starts alike in every process: head, adapter and modules of its own', async () => {
  const script = `
    import { applyLora, AutoModelForSequenceClassification } from '${dist}index.js'
    import { Embedding, Linear } from '${dist}nn/index.js'
    const options = { labels: ['a', 'b', 'c'], device: 'cpu' }
    const model = await AutoModelForSequenceClassification.fromPretrained(process.argv[1], options)
    applyLora(model, { r: 2 })
    for (const [path, tensor] of model.trainableParameters()) console.log(path, tensor.readSync().join(' '))
    console.log(new Linear(2, 3).weight.readSync().join(' '), new Embedding(3, 2).weight.readSync().join(' '))
  `.replace('process.argv[1]', JSON.stringify(await tinyModel()))
  const [first, second] = [await printed(script), await printed(script)]
  expect(second).toBe(first)
  expect(first).toMatch(/lora_A\.weight -?0\.\d/)
})
