/** Our side of bench/load.ts: import, load and the first logits in a fresh process; prints times and resident memory. */
import { readFileSync } from 'node:fs'

const resident = () =>
  1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))![1])
const [folder, how] = process.argv.slice(2) as [string, 'mapped' | 'frozen']
const milliseconds: Record<string, number> = {}
let began = performance.now()
const lap = (name: string) => {
  milliseconds[name] = performance.now() - began
  began = performance.now()
}
const { AutoModelForSequenceClassification, memory } = await import('../lib/index.ts')
const { Predictor } = await import('../lib/inference/predictor.ts')
lap('import')
memory() // opens libtorch
lap('libtorch')
const baseline = resident()
began = performance.now()
const model = await AutoModelForSequenceClassification.fromPretrained(folder)
const predictor = how === 'frozen' ? await Predictor.frozen(model) : new Predictor(model)
lap('load')
const loaded = resident()
began = performance.now()
const ids = Int32Array.from({ length: 64 }, (_, i) => 100 + 700 * i)
await predictor.forward([{ ids, typeIds: new Int32Array(64) }])
lap('first')
console.log(
  JSON.stringify({ milliseconds, baseline, loaded: loaded - baseline, used: resident() - baseline }),
)
